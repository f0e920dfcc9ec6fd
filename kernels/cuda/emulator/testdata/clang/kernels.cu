// Kernels for clang's CUDA mode: one thread to an element for every function of
// functions.h, and kernels of whole blocks: shared memory, barriers, warps,
// atomics. host.c has the same in sequential C.

#include "functions.h"

static __attribute__((device)) s32 thread() { return __nvvm_read_ptx_sreg_tid_x(); }
static __attribute__((device)) s32 block() { return __nvvm_read_ptx_sreg_ctaid_x(); }
static __attribute__((device)) s32 element()
{
	return __nvvm_read_ptx_sreg_ctaid_x() * __nvvm_read_ptx_sreg_ntid_x() + __nvvm_read_ptx_sreg_tid_x();
}

#define F1(name, T, A) \
	KERNEL k_##name(T *y, const A *a, const void *b, const void *c) \
	{ s32 i = element(); y[i] = name(a[i]); }
#define F2(name, T, A, B) \
	KERNEL k_##name(T *y, const A *a, const B *b, const void *c) \
	{ s32 i = element(); y[i] = name(a[i], b[i]); }
#define F3(name, T, A, B, C) \
	KERNEL k_##name(T *y, const A *a, const B *b, const C *c) \
	{ s32 i = element(); y[i] = name(a[i], b[i], c[i]); }
FUNCTIONS(F1, F2, F3)

KERNEL k_block_sum(s32 *y, const s32 *a, const void *b, const void *c)
{
	static SHARED s32 part[BLOCK];
	s32 t = thread();
	part[t] = a[element()];
	for (s32 n = BLOCK / 2; n > 0; n /= 2) {
		__syncthreads();
		if (t < n)
			part[t] += part[t + n];
	}
	if (t == 0)
		y[block()] = part[0];
}

KERNEL k_block_max(f32 *y, const n32 *a, const void *b, const void *c)
{
	static SHARED f32 part[BLOCK];
	s32 t = thread();
	part[t] = a[element()];
	__syncthreads();
	for (s32 n = BLOCK / 2; n > 0; n /= 2) {
		if (t < n && part[t + n] > part[t])
			part[t] = part[t + n];
		__syncthreads();
	}
	y[element()] = part[0] - a[element()];
}

KERNEL k_block_scan(u64 *y, const u64 *a, const void *b, const void *c)
{
	static SHARED u64 sums[2][BLOCK];
	s32 t = thread(), from = 0;
	sums[0][t] = a[element()];
	__syncthreads();
	for (s32 n = 1; n < BLOCK; n *= 2) {
		sums[1 - from][t] = sums[from][t] + (t >= n ? sums[from][t - n] : 0);
		from = 1 - from;
		__syncthreads();
	}
	y[element()] = sums[from][t];
}

KERNEL k_block_histogram(u32 *y, const u8 *a, const void *b, const void *c)
{
	static SHARED u32 bins[BLOCK];
	s32 t = thread();
	bins[t] = 0;
	__syncthreads();
	__nvvm_atom_add_gen_i((s32 *)&bins[a[element()] % BLOCK], 1);
	__syncthreads();
	__nvvm_atom_add_gen_i((s32 *)&y[t], (s32)bins[t]);
}

KERNEL k_block_transpose(s16 *y, const s16 *a, const void *b, const void *c)
{
	static SHARED s16 tile[8][9];
	s32 t = thread();
	tile[t / 8][t % 8] = a[element()];
	__syncthreads();
	y[element()] = tile[t % 8][t / 8];
}

KERNEL k_block_sort(u32 *y, const u32 *a, const void *b, const void *c)
{
	static SHARED u32 v[BLOCK];
	u32 t = (u32)thread();
	v[t] = a[element()];
	for (u32 size = 2; size <= BLOCK; size *= 2)
		for (u32 step = size / 2; step > 0; step /= 2) {
			__syncthreads();
			u32 other = t ^ step;
			if (other > t && (v[t] > v[other]) == ((t & size) == 0)) {
				u32 x = v[t];
				v[t] = v[other];
				v[other] = x;
			}
		}
	__syncthreads();
	y[element()] = v[t];
}

KERNEL k_block_matmul(f64 *y, const n64 *a, const n64 *b, const void *c)
{
	static SHARED f64 x[8][8], z[8][8];
	s32 row = thread() / 8, col = thread() % 8;
	x[row][col] = a[element()];
	z[row][col] = b[element()];
	__syncthreads();
	f64 sum = 0;
	for (s32 k = 0; k < 8; k++)
		sum += x[row][k] * z[k][col];
	y[element()] = sum;
}

KERNEL k_warp_sum(s32 *y, const s32 *a, const void *b, const void *c)
{
	s32 x = a[element()];
	for (s32 n = 16; n > 0; n /= 2)
		x += __nvvm_shfl_sync_bfly_i32(0xffffffff, x, n, 31);
	s32 up = __nvvm_shfl_sync_up_i32(0xffffffff, a[element()], 3, 0);
	s32 first = __nvvm_shfl_sync_idx_i32(0xffffffff, a[element()], 5, (24 << 8) | 31);
	y[element()] = x ^ up ^ first * 7;
}

KERNEL k_warp_vote(u32 *y, const s32 *a, const s32 *b, const void *c)
{
	s32 i = element();
	u32 ballot = (u32)__nvvm_vote_ballot_sync(0xffffffff, a[i] > b[i]);
	u32 flags = (u32)__nvvm_vote_any_sync(0xffffffff, b[i] == 0) * 2 +
		(u32)__nvvm_vote_all_sync(0xffffffff, a[i] != 12345);
	y[i] = ballot ^ flags;
}

KERNEL k_atomic_add(u32 *y, const u32 *a, const u8 *b, const void *c)
{
	s32 i = element();
	__atomic_fetch_add(&y[b[i] & 31], a[i], __ATOMIC_RELAXED);
	__atomic_fetch_sub(&y[32 + (b[i] & 31)], a[i], __ATOMIC_RELAXED);
	__atomic_fetch_and(&y[64 + (b[i] & 31)], a[i], __ATOMIC_RELAXED);
	__atomic_fetch_or(&y[96 + (b[i] & 31)], a[i], __ATOMIC_RELAXED);
	__atomic_fetch_xor(&y[128 + (b[i] & 31)], a[i], __ATOMIC_RELAXED);
}

KERNEL k_atomic_add_u64(u64 *y, const u64 *a, const u8 *b, const void *c)
{
	__nvvm_atom_add_gen_ll((s64 *)&y[b[element()] & 7], (s64)a[element()]);
	__nvvm_atom_max_gen_ull(&y[8 + (b[element()] & 7)], a[element()]);
}

KERNEL k_atomic_min_max(s32 *y, const s32 *a, const u8 *b, const void *c)
{
	s32 i = element(), j = b[i] & 15;
	__nvvm_atom_min_gen_i(&y[j], a[i]);
	__nvvm_atom_max_gen_i(&y[16 + j], a[i]);
	__nvvm_atom_min_gen_ui((u32 *)&y[32 + j], (u32)a[i]);
	__nvvm_atom_max_gen_ui((u32 *)&y[48 + j], (u32)a[i]);
	__nvvm_atom_inc_gen_ui((u32 *)&y[64 + j], 4);
	__nvvm_atom_dec_gen_ui((u32 *)&y[80 + j], 6);
}

KERNEL k_atomic_add_f32(f32 *y, const s8 *a, const u8 *b, const void *c)
{
	__nvvm_atom_add_gen_f(&y[b[element()] & 15], (f32)a[element()]); // sums are exact
}

// The maximum of floats by compare and swap.
KERNEL k_atomic_cas(f32 *y, const n32 *a, const u8 *b, const void *c)
{
	u32 *slot = (u32 *)&y[b[element()] & 15], old = *(volatile u32 *)slot, seen;
	f32 x = a[element()];
	while (x > f32_bits(old)) {
		seen = (u32)__nvvm_atom_cas_gen_i((s32 *)slot, (s32)old, (s32)bits_f32(x));
		if (seen == old)
			break;
		old = seen;
	}
}

// A lock that the lanes of a warp take from one another: it needs every waiting
// lane to make progress.
KERNEL k_spin_lock(u32 *y, const u32 *a, const void *b, const void *c)
{
	bool done = false;
	while (!done) {
		if (__nvvm_atom_cas_gen_i((s32 *)&y[0], 0, 1) == 0) {
			__nvvm_membar_gl();
			volatile u32 *sum = &y[1], *count = &y[2];
			*sum = *sum + a[element()];
			*count = *count + 1;
			__nvvm_membar_gl();
			__nvvm_atom_xchg_gen_i((s32 *)&y[0], 0);
			done = true;
		}
	}
}

// Lanes that leave early and lanes that loop for different times, between
// barriers that all of them reach.
KERNEL k_divergent(u32 *y, const u32 *a, const u32 *b, const void *c)
{
	static SHARED u32 v[BLOCK];
	s32 t = thread();
	u32 x = a[element()], n = b[element()] & 15;
	for (u32 round = 0; round < 4; round++) {
		v[t] = x;
		__syncthreads();
		u32 sum = 0;
		for (u32 k = 0; k < n; k++) {
			if ((v[(t + k) % BLOCK] & 7) == 2)
				continue;
			if ((v[(t + k) % BLOCK] & 31) == 9)
				break;
			sum += v[(t + k) % BLOCK] >> 3;
		}
		__syncthreads();
		x = x * 3 + sum;
	}
	if (x & 1)
		return;
	y[element()] = x;
}
