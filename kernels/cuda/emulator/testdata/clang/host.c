// The same computations as kernels.cu, compiled natively: writes the inputs, the
// expected outputs and the list of kernels.
//
//	inputs.bin   for each of the operands a, b and c: a pool of COUNT values of
//	             each type, in the order of TYPES below
//	outputs.bin  for each kernel of kernels.txt: COUNT values of its result type
//	kernels.txt  one line a kernel: name, type of the result, types of the
//	             operands; "-" where there is none

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "functions.h"

#define TYPES(T) T(s8) T(u8) T(s16) T(u16) T(s32) T(u32) T(s64) T(u64) T(f32) T(f64) T(n32) T(n64)

#define POOL(type) static type pool_##type[3][COUNT];
TYPES(POOL)

static u64 state = 0x9e3779b97f4a7c15ull;

static u64 next(void) // xorshift64*
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 2685821657736338717ull;
}

// draw gives integers of every magnitude, and often the ends of the ranges.
static u64 draw(void)
{
	static const u64 ends[] = {0, 1, 2, ~0ull, 1ull << 63, ~0ull >> 1, 1ull << 31, 0x7fffffff,
		0x80008000, 0x80, 0x7f, 0xff, 0x8000, 0x7fff, 0xffff, 0xffffffff};
	u64 x = next();
	switch (next() & 7) {
	case 0: return ends[x & 15];
	case 1: return -ends[x & 15];
	case 2: case 3: return x >> (next() & 63);
	case 4: return -(x >> (next() & 63));
	}
	return x;
}

static f64 nice(void) { return (f64)(s64)(next() >> 20) / (f64)(1ull << 36) - 128; } // [-128, 128)

// wild gives float64 of every kind: bits at random, small integers, halves.
static f64 wild(void)
{
	switch (next() & 7) {
	case 0: return (f64)(s64)(next() & 255) - 128;
	case 1: return ((f64)(s64)(next() & 1023) - 512) / 2;
	case 2: case 3: return nice() * (f64)(1ull << (next() & 63));
	case 4: return nice() * (f64)(next() & 3);
	case 5: return f64_bits((next() & 0x801fffffffffffffull) | (u64)(1023 - 160 + next() % 320) << 52);
	}
	return f64_bits(draw());
}

static void fill(void)
{
	for (int p = 0; p < 3; p++)
		for (int i = 0; i < COUNT; i++) {
			u64 x = draw();
			pool_s8[p][i] = (s8)x, pool_u8[p][i] = (u8)next();
			pool_s16[p][i] = (s16)draw(), pool_u16[p][i] = (u16)draw();
			pool_s32[p][i] = (s32)draw(), pool_u32[p][i] = (u32)draw();
			pool_s64[p][i] = (s64)draw(), pool_u64[p][i] = draw();
			f64 w = wild();
			pool_f32[p][i] = next() & 1 ? f32_bits((u32)draw()) : (f32)w;
			pool_f64[p][i] = wild();
			pool_n32[p][i] = (f32)nice(), pool_n64[p][i] = nice();
		}
}

static FILE *outputs, *list;

static FILE *create(const char *name)
{
	FILE *f = fopen(name, "wb");
	if (!f) {
		perror(name);
		exit(1);
	}
	return f;
}

static void finish(const char *line, const void *y, size_t size)
{
	fprintf(list, "%s\n", line);
	fwrite(y, size, COUNT, outputs);
}

#define EACH(T, expression) { \
	static T y[COUNT]; \
	for (int i = 0; i < COUNT; i++) \
		y[i] = expression;
#define F1(name, T, A) EACH(T, name(pool_##A[0][i])) \
	finish(#name " " #T " " #A " - -", y, sizeof y[0]); }
#define F2(name, T, A, B) EACH(T, name(pool_##A[0][i], pool_##B[1][i])) \
	finish(#name " " #T " " #A " " #B " -", y, sizeof y[0]); }
#define F3(name, T, A, B, C) EACH(T, name(pool_##A[0][i], pool_##B[1][i], pool_##C[2][i])) \
	finish(#name " " #T " " #A " " #B " " #C, y, sizeof y[0]); }

// ---- whole blocks, and whole grids, one element after the other ----

#define WHOLE(name, T, A, B) \
	static void name(T *y, const A *a, const B *b); \
	static void run_##name(void) \
	{ \
		static T y[COUNT]; \
		name(y, pool_##A[0], pool_##B[1]); \
		finish(#name " " #T " " #A " " #B " -", y, sizeof y[0]); \
	} \
	static void name(T *y, const A *a, const B *b)
#define BLOCKS for (int first = 0; first < COUNT; first += BLOCK)
#define THREADS for (int t = 0; t < BLOCK; t++)
#define ELEMENTS for (int i = 0; i < COUNT; i++)

WHOLE(block_sum, s32, s32, s32)
{
	BLOCKS THREADS y[first / BLOCK] += a[first + t];
}
WHOLE(block_max, f32, n32, n32)
{
	BLOCKS {
		f32 m = a[first];
		THREADS m = a[first + t] > m ? a[first + t] : m;
		THREADS y[first + t] = m - a[first + t];
	}
}
WHOLE(block_scan, u64, u64, u64)
{
	BLOCKS {
		u64 sum = 0;
		THREADS y[first + t] = sum += a[first + t];
	}
}
WHOLE(block_histogram, u32, u8, u8)
{
	ELEMENTS y[a[i] % BLOCK]++;
}
WHOLE(block_transpose, s16, s16, s16)
{
	BLOCKS THREADS y[first + t] = a[first + t % 8 * 8 + t / 8];
}
static int ascending(const void *x, const void *y)
{
	u32 a = *(const u32 *)x, b = *(const u32 *)y;
	return (a > b) - (a < b);
}
WHOLE(block_sort, u32, u32, u32)
{
	memcpy(y, a, COUNT * sizeof *y);
	BLOCKS qsort(y + first, BLOCK, sizeof *y, ascending);
}
WHOLE(block_matmul, f64, n64, n64)
{
	BLOCKS THREADS for (int k = 0; k < 8; k++)
		y[first + t] += a[first + t / 8 * 8 + k] * b[first + k * 8 + t % 8];
}
WHOLE(warp_sum, s32, s32, s32)
{
	ELEMENTS {
		int lane = i % 32, warp = i - lane;
		s32 sum = 0;
		for (int k = 0; k < 32; k++)
			sum += a[warp + k];
		y[i] = sum ^ a[lane < 3 ? i : i - 3] ^ a[i - lane % 8 + 5] * 7;
	}
}
WHOLE(warp_vote, u32, s32, s32)
{
	ELEMENTS {
		int warp = i / 32 * 32;
		u32 ballot = 0, any = 0, all = 1;
		for (int k = 0; k < 32; k++) {
			ballot |= (u32)(a[warp + k] > b[warp + k]) << k;
			any |= b[warp + k] == 0;
			all &= a[warp + k] != 12345;
		}
		y[i] = ballot ^ (any * 2 + all);
	}
}
WHOLE(atomic_add, u32, u32, u8)
{
	ELEMENTS {
		u32 *z = y + (b[i] & 31);
		z[0] += a[i], z[32] -= a[i], z[64] &= a[i], z[96] |= a[i], z[128] ^= a[i];
	}
}
WHOLE(atomic_add_u64, u64, u64, u8)
{
	ELEMENTS {
		u64 *z = y + (b[i] & 7);
		z[0] += a[i];
		z[8] = a[i] > z[8] ? a[i] : z[8];
	}
}
WHOLE(atomic_min_max, s32, s32, u8)
{
	ELEMENTS {
		s32 *z = y + (b[i] & 15);
		u32 x = (u32)a[i];
		z[0] = a[i] < z[0] ? a[i] : z[0];
		z[16] = a[i] > z[16] ? a[i] : z[16];
		z[32] = x < (u32)z[32] ? a[i] : z[32];
		z[48] = x > (u32)z[48] ? a[i] : z[48];
		z[64] = (u32)z[64] >= 4 ? 0 : z[64] + 1;
		z[80] = z[80] == 0 || (u32)z[80] > 6 ? 6 : z[80] - 1;
	}
}
WHOLE(atomic_add_f32, f32, s8, u8)
{
	ELEMENTS y[b[i] & 15] += (f32)a[i];
}
WHOLE(atomic_cas, f32, n32, u8)
{
	ELEMENTS {
		f32 *z = y + (b[i] & 15);
		*z = a[i] > *z ? a[i] : *z;
	}
}
WHOLE(spin_lock, u32, u32, u32)
{
	ELEMENTS y[1] += a[i];
	y[2] = COUNT;
}
WHOLE(divergent, u32, u32, u32)
{
	BLOCKS {
		u32 x[BLOCK], v[BLOCK];
		THREADS x[t] = a[first + t];
		for (int round = 0; round < 4; round++) {
			memcpy(v, x, sizeof v);
			THREADS {
				u32 sum = 0;
				for (u32 k = 0; k < (b[first + t] & 15); k++) {
					u32 w = v[(t + k) % BLOCK];
					if ((w & 7) == 2)
						continue;
					if ((w & 31) == 9)
						break;
					sum += w >> 3;
				}
				x[t] = x[t] * 3 + sum;
			}
		}
		THREADS if (!(x[t] & 1)) y[first + t] = x[t];
	}
}

int main(void)
{
	fill();
	FILE *inputs = create("inputs.bin");
	for (int p = 0; p < 3; p++) {
#define WRITE(type) fwrite(pool_##type[p], sizeof(type), COUNT, inputs);
		TYPES(WRITE)
	}
	outputs = create("outputs.bin"), list = create("kernels.txt");
	FUNCTIONS(F1, F2, F3)
	run_block_sum(), run_block_max(), run_block_scan(), run_block_histogram();
	run_block_transpose(), run_block_sort(), run_block_matmul();
	run_warp_sum(), run_warp_vote();
	run_atomic_add(), run_atomic_add_u64(), run_atomic_min_max(), run_atomic_add_f32();
	run_atomic_cas(), run_spin_lock(), run_divergent();
	return fclose(inputs) | fclose(outputs) | fclose(list) ? 1 : 0;
}
