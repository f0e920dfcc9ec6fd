// Functions of one to three operands, in the C that gcc and clang's CUDA mode
// have in common. kernels.cu makes a kernel of each, host.c a loop over the same
// inputs. None of them runs into undefined behaviour for any input: signed
// arithmetic wraps (-fwrapv), shift amounts are masked, divisors are checked,
// floats are clamped before they become integers.

#include "types.h"

#define BITS(to, name, from) \
	FN to name(from x) { to y; __builtin_memcpy(&y, &x, sizeof y); return y; }
BITS(u32, bits_f32, f32)
BITS(f32, f32_bits, u32)
BITS(u64, bits_f64, f64)
BITS(f64, f64_bits, u64)

// ---- integer arithmetic ----

FN s8 add_s8(s8 a, s8 b) { return (s8)(a + b); }
FN u8 sub_u8(u8 a, u8 b) { return (u8)(a - b); }
FN s16 mul_s16(s16 a, s16 b) { return (s16)(a * b); }
FN u16 mul_u16(u16 a, u16 b) { return (u16)((u32)a * b); }
FN s32 mad_s32(s32 a, s32 b, s32 c) { return a * b + c; }
FN u32 sub_mul_u32(u32 a, u32 b, u32 c) { return (a - b) * c; }
FN s64 mad_s64(s64 a, s64 b, s64 c) { return a * b - c; }
FN u64 mad_u64(u64 a, u64 b, u64 c) { return a + b * c; }
FN s64 wide_s32(s32 a, s32 b, s64 c) { return (s64)a * b + c; }
FN u64 wide_u32(u32 a, u32 b) { return (u64)a * b; }
FN u32 wide_u16(u16 a, u16 b) { return (u32)a * b; }
FN s32 high_s32(s32 a, s32 b) { return (s32)(((s64)a * b) >> 32); }
FN u32 high_u32(u32 a, u32 b) { return (u32)(((u64)a * b) >> 32); }
FN s64 high_s64(s64 a, s64 b) { return (s64)(((s128)a * b) >> 64); }
FN u64 high_u64(u64 a, u64 b) { return (u64)(((u128)a * b) >> 64); }
FN u64 carry_u128(u64 a, u64 b, u64 c)
{
	u128 x = ((u128)a << 64 | b) + ((u128)c << 64 | c);
	u128 y = x - ((u128)b << 64 | a);
	return (u64)(x >> 64) ^ (u64)(y >> 64) ^ (u64)y;
}
FN u64 product_u128(u64 a, u64 b, u64 c)
{
	u128 x = (u128)a * b * (((u128)c << 64) | a);
	return (u64)(x >> 64) + (u64)x;
}

FN s8 div_s8(s8 a, s8 b) { return b == 0 ? a : (s8)(a / b); }
FN u8 rem_u8(u8 a, u8 b) { return b == 0 ? a : (u8)(a % b); }
FN s16 rem_s16(s16 a, s16 b) { return b == 0 ? a : (s16)(a % b); }
FN u16 div_u16(u16 a, u16 b) { return b == 0 ? a : (u16)(a / b); }
FN s32 div_s32(s32 a, s32 b) { return b == 0 || b == -1 ? -a : a / b; }
FN s32 rem_s32(s32 a, s32 b) { return b == 0 || b == -1 ? 0 : a % b; }
FN u32 div_u32(u32 a, u32 b) { return b == 0 ? 7 : a / b; }
FN u32 rem_u32(u32 a, u32 b) { return b == 0 ? 7 : a % b; }
FN s64 div_s64(s64 a, s64 b) { return b == 0 || b == -1 ? -a : a / b; }
FN s64 rem_s64(s64 a, s64 b) { return b == 0 || b == -1 ? 0 : a % b; }
FN u64 div_u64(u64 a, u64 b) { return b == 0 ? 7 : a / b; }
FN u64 rem_u64(u64 a, u64 b) { return b == 0 ? 7 : a % b; }
FN s32 div_by_constants(s32 a) { return a / 7 + a % 10 - a / -3 + a / 16 + a % 8; }
FN u64 div_by_constants_u64(u64 a) { return a / 10 + a % 1000003 + a / 641; }

FN s32 min_max_s32(s32 a, s32 b, s32 c) { s32 m = a < b ? a : b; return m > c ? m : c; }
FN u32 min_max_u32(u32 a, u32 b, u32 c) { u32 m = a > b ? a : b; return m < c ? m : c; }
FN s64 min_max_s64(s64 a, s64 b, s64 c) { s64 m = a < b ? a : b; return m > c ? m : c; }
FN u16 min_max_u16(u16 a, u16 b, u16 c) { u16 m = a > b ? a : b; return m < c ? m : c; }
FN s32 abs_diff_s32(s32 a, s32 b) { return a > b ? a - b : b - a; }
FN s64 abs_s64(s64 a) { return a < 0 ? -a : a; }
FN s16 saturating_add_s16(s16 a, s16 b)
{
	s32 s = a + b;
	return (s16)(s > 32767 ? 32767 : s < -32768 ? -32768 : s);
}
FN s32 saturating_sub_s32(s32 a, s32 b)
{
	s32 d;
	return __builtin_sub_overflow(a, b, &d) ? (a < 0 ? (-2147483647 - 1) : 2147483647) : d;
}

// ---- bits and shifts ----

FN u32 logic_u32(u32 a, u32 b, u32 c) { return (a & ~b) | (b ^ c) | (~a & c & 0x0ff0); }
FN u64 logic_u64(u64 a, u64 b, u64 c) { return (a & b) ^ (b | ~c) ^ (a >> 1); }
FN u8 logic_u8(u8 a, u8 b) { return (u8)(~a ^ (b << 3) ^ (b >> 2)); }
FN s32 shift_s32(s32 a, s32 b) { return (a >> (b & 31)) ^ (s32)((u32)a << ((b >> 5) & 31)); }
FN u32 shift_u32(u32 a, u32 b) { return (a >> (b & 31)) + (a << ((b >> 7) & 31)); }
FN s64 shift_s64(s64 a, u32 b) { return (a >> (b & 63)) ^ (s64)((u64)a << ((b >> 6) & 63)); }
FN u64 shift_u64(u64 a, u32 b) { return (a >> (b & 63)) + (a << ((b >> 9) & 63)); }
FN s16 shift_s16(s16 a, u8 b) { return (s16)((a >> (b & 15)) + (a << ((b >> 4) & 7))); }
FN u64 shift_u128(u64 a, u64 b, u32 c)
{
	u128 x = (u128)a << 64 | b;
	return (u64)(x >> (c & 127)) ^ (u64)((x << (c >> 8 & 127)) >> 64) ^ (u64)((s128)x >> 65);
}
FN u32 rotate_u32(u32 a, u32 b) { return (a << (b & 31)) | (a >> (-b & 31)); }
// Not b & 63: clang 14 drops that mask, and its 64-bit rotation in PTX shifts
// everything out for amounts of 64 and more.
FN u64 rotate_u64(u64 a, u32 b) { b = b % 61 + 1; return (a << b) | (a >> (64 - b)); }
FN u32 count_u32(u32 a) { return (u32)(__builtin_popcount(a) * 64 + (a ? __builtin_clz(a) : 32)); }
FN u32 count_u64(u64 a) { return (u32)(__builtin_popcountll(a) * 64 + (a ? __builtin_clzll(a) : 64)); }
FN u32 trailing_u32(u32 a) { return a ? (u32)__builtin_ctz(a) : 99; }
FN u32 trailing_u64(u64 a) { return a ? (u32)__builtin_ctzll(a) : 99; }
FN u32 swap_u32(u32 a) { return __builtin_bswap32(a); }
FN u64 swap_u64(u64 a) { return __builtin_bswap64(a); }
FN u32 reverse_u32(u32 a)
{
	a = (a >> 1 & 0x55555555) | (a & 0x55555555) << 1;
	a = (a >> 2 & 0x33333333) | (a & 0x33333333) << 2;
	a = (a >> 4 & 0x0f0f0f0f) | (a & 0x0f0f0f0f) << 4;
	return __builtin_bswap32(a);
}
FN u32 field_u32(u32 a, u32 b) { u32 n = b >> 5 & 15; return a >> (b & 15) & ((1u << n) - 1); }
FN s32 field_s32(s32 a) { return (s32)((u32)a << 7) >> 19; }
FN u32 insert_u32(u32 a, u32 b, u32 c) { u32 m = 0xffu << (c & 15); return (a & ~m) | (b << (c & 15) & m); }
FN u32 bytes_u32(u32 a, u32 b) { return (a & 0xff) << 24 | (b >> 24) | (a >> 8 & 0xff00) | (b & 0xff0000); }
FN s32 dot_bytes(u32 a, u32 b, s32 c)
{
	for (int i = 0; i < 4; i++)
		c += (s8)(a >> 8 * i) * (u8)(b >> 8 * i);
	return c;
}
FN u32 parity_u32(u32 a) { return (u32)__builtin_parity(a); }

// ---- f32 and f64 ----

FN f32 add_f32(f32 a, f32 b) { return a + b; }
FN f32 sub_mul_f32(f32 a, f32 b, f32 c) { return (a - b) * c; }
FN f32 div_f32(f32 a, f32 b) { return a / b; }
FN f32 rcp_f32(f32 a) { return 1.0f / a; }
FN f32 sqrt_f32(f32 a) { return __builtin_sqrtf(a); }
FN f32 fma_f32(f32 a, f32 b, f32 c) { return __builtin_fmaf(a, b, c); }
FN f32 fma_neg_f32(f32 a, f32 b, f32 c) { return __builtin_fmaf(-a, b, -c); }
FN f64 add_f64(f64 a, f64 b) { return a + b; }
FN f64 sub_mul_f64(f64 a, f64 b, f64 c) { return (a - b) * c; }
FN f64 div_f64(f64 a, f64 b) { return a / b; }
FN f64 sqrt_f64(f64 a) { return __builtin_sqrt(a); }
FN f64 fma_f64(f64 a, f64 b, f64 c) { return __builtin_fma(a, b, c); }
// Adding +0 makes -0 positive, whose order with +0 C leaves open, and signalling
// NaNs quiet, which C libraries do not treat alike.
FN f32 min_max_f32(f32 a, f32 b, f32 c)
{
	return __builtin_fmaxf(__builtin_fminf(a + 0.0f, b + 0.0f), c + 0.0f);
}
FN f64 min_max_f64(f64 a, f64 b, f64 c)
{
	return __builtin_fmin(__builtin_fmax(a + 0.0, b + 0.0), c + 0.0);
}
FN f32 sign_f32(f32 a, f32 b) { return __builtin_copysignf(a, b) + __builtin_fabsf(b); }
FN f64 sign_f64(f64 a, f64 b) { return __builtin_copysign(a, -b) - __builtin_fabs(a); }
FN f32 round_f32(f32 a)
{
	f32 sum = __builtin_floorf(a) + 3 * __builtin_ceilf(a);
	return sum + 5 * __builtin_truncf(a) + 7 * __builtin_nearbyintf(a);
}
FN f64 round_f64(f64 a)
{
	f64 sum = __builtin_floor(a) + 3 * __builtin_ceil(a);
	return sum + 5 * __builtin_trunc(a) + 7 * __builtin_rint(a);
}
FN u32 compare_f32(f32 a, f32 b)
{
	return (u32)((a < b) | (a <= b) << 1 | (a > b) << 2 | (a >= b) << 3 | (a == b) << 4 | (a != b) << 5 |
		!(a < b) << 6 | !(a >= b) << 7 | !!__builtin_isunordered(a, b) << 8 |
		!!__builtin_islessgreater(a, b) << 9);
}
FN u32 compare_f64(f64 a, f64 b)
{
	return (u32)((a < b) | (a <= b) << 1 | (a > b) << 2 | (a >= b) << 3 | (a == b) << 4 | (a != b) << 5 |
		!(a <= b) << 6 | !(a > b) << 7 | !!__builtin_isunordered(a, b) << 8);
}
FN u32 compare_int(s32 a, s32 b, u32 c)
{
	u32 d = (u32)b;
	return (u32)((a < b) | (a <= b) << 1 | (a > b) << 2 | (a == b) << 3 | (c < d) << 4 | (c >= d) << 5 |
		((s64)a < (s64)c) << 6 | ((u64)c * d > (u64)(s64)a) << 7);
}
FN f32 select_f32(f32 a, f32 b, s32 c) { return c > 0 ? a : c == 0 ? -b : a + b; }
FN u32 classify_f32(f32 a)
{
	u32 e = bits_f32(a) >> 23 & 255, m = bits_f32(a) & 0x7fffff;
	return e == 255 ? (m ? 1 : 2) : e == 0 ? (m ? 3 : 4) : 5;
}
FN f32 scale_f32(f32 a, s32 b) { return a * f32_bits((u32)((b & 63) + 96) << 23); }
FN f32 horner_f32(f32 x) // nice x
{
	f32 s = 0.5f;
	for (int i = 0; i < 6; i++)
		s = s * x + 1.0f / (f32)(i + 1);
	return s;
}
FN f64 exp_f64(f64 x) // nice x
{
	f64 k = __builtin_rint(x * 1.4426950408889634), r = x - k * 0.6931471805599453, term = 1, sum = 1;
	for (int i = 1; i < 20; i++) {
		term = term * r / i;
		sum += term;
	}
	return sum * f64_bits((u64)((s64)k + 1023 > 1 && (s64)k < 1023 ? (s64)k + 1023 : 1) << 52);
}
FN f64 newton_f64(f64 a) // nice a
{
	f64 x = a < 0 ? -a : a, y = x + 1;
	int i = 0;
	do {
		y = 0.5 * (y + x / y);
	} while (++i < 40 && y * y - x > 1e-9);
	return y;
}
FN f64 two_sum_f64(f64 a, f64 b)
{
	f64 s = a + b, t = s - a;
	return (a - (s - t)) + (b - t);
}

// ---- conversions ----

FN f32 f32_of_s8(s8 a) { return (f32)a; }
FN f32 f32_of_u16(u16 a) { return (f32)a; }
FN f32 f32_of_s32(s32 a) { return (f32)a; }
FN f32 f32_of_u32(u32 a) { return (f32)a; }
FN f32 f32_of_s64(s64 a) { return (f32)a; }
FN f32 f32_of_u64(u64 a) { return (f32)a; }
FN f64 f64_of_s32(s32 a) { return (f64)a; }
FN f64 f64_of_u32(u32 a) { return (f64)a; }
FN f64 f64_of_s64(s64 a) { return (f64)a; }
FN f64 f64_of_u64(u64 a) { return (f64)a; }
FN f64 f64_of_u8(u8 a) { return (f64)a; }
FN f64 f64_of_f32(f32 a) { return (f64)a; }
FN f32 f32_of_f64(f64 a) { return (f32)a; }
FN f32 f32_of_f16(u16 a) { half h; __builtin_memcpy(&h, &a, 2); return (f32)h; }
FN u16 f16_of_f32(f32 a) // a NaN's bits are not compared
{
	half h = (half)a;
	u16 y;
	__builtin_memcpy(&y, &h, 2);
	return a != a ? 0x7fff : y;
}
#define CLAMP(x, low, high) ((x) >= (low) ? (x) <= (high) ? (x) : (high) : (low)) // NaN: low
FN s8 s8_of_f32(f32 a) { return (s8)CLAMP(a, -128.0f, 127.0f); }
FN u8 u8_of_f64(f64 a) { return (u8)CLAMP(a, 0.0, 255.0); }
FN s16 s16_of_f64(f64 a) { return (s16)CLAMP(a, -32768.0, 32767.0); }
FN u16 u16_of_f32(f32 a) { return (u16)CLAMP(a, 0.0f, 65535.0f); }
FN s32 s32_of_f32(f32 a) { return (s32)CLAMP(a, -2147483648.0f, 2147483520.0f); }
FN u32 u32_of_f32(f32 a) { return (u32)CLAMP(a, 0.0f, 4294967040.0f); }
FN s32 s32_of_f64(f64 a) { return (s32)CLAMP(a, -2147483648.0, 2147483647.0); }
FN u32 u32_of_f64(f64 a) { return (u32)CLAMP(a, 0.0, 4294967295.0); }
FN s64 s64_of_f32(f32 a) { return (s64)CLAMP(a, -9.223372036854775808e18f, 9.22337148709896192e18f); }
FN u64 u64_of_f32(f32 a) { return (u64)CLAMP(a, 0.0f, 1.8446742974197923840e19f); }
FN s64 s64_of_f64(f64 a) { return (s64)CLAMP(a, -9.223372036854775808e18, 9.223372036854774784e18); }
FN u64 u64_of_f64(f64 a) { return (u64)CLAMP(a, 0.0, 1.8446744073709549568e19); }
FN s64 widen_s8(s8 a) { return (s64)a * 3; }
FN u64 widen_u16(u16 a) { return (u64)a << 40; }
FN s32 widen_s16(s16 a, u8 b) { return a * 65536 + b; }
FN u8 narrow_s64(s64 a) { return (u8)a; }
FN s16 narrow_u64(u64 a) { return (s16)a; }
FN u32 narrow_s64_u32(s64 a) { return (u32)(a >> 5); }
FN u32 bool_u32(s64 a, f32 b) { return (u32)(!!a + 2 * !!b + 4 * !a); }

// ---- control flow, calls, memory ----

FN u32 gcd_u32(u32 a, u32 b)
{
	while (b != 0) {
		u32 t = a % b;
		a = b;
		b = t;
	}
	return a;
}
FN u32 collatz(u32 a)
{
	u32 n = (a & 1023) + 1, steps = 0;
	while (n != 1) {
		n = n & 1 ? 3 * n + 1 : n / 2;
		steps++;
	}
	return steps;
}
FN u32 isqrt_u32(u32 a)
{
	u32 root = 0;
	for (u32 bit = 1u << 30; bit != 0; bit >>= 2) {
		if (a >= root + bit) {
			a -= root + bit;
			root = (root >> 1) + bit;
		} else {
			root >>= 1;
		}
	}
	return root;
}
FN u32 crc32_u32(u32 a)
{
	u32 crc = ~0u;
	for (int i = 0; i < 4; i++) {
		crc ^= a >> 8 * i & 255;
		for (int k = 0; k < 8; k++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
	}
	return ~crc;
}
FN u64 hash_u64(u64 a, u32 b)
{
	u64 h = 1469598103934665603ull;
	for (u32 i = 0; i < (b & 15); i++)
		h = (h ^ (a >> (8 * (i & 7)) & 255)) * 1099511628211ull;
	return h;
}
FN u32 power_mod(u32 a, u32 b, u32 c)
{
	u64 m = (u64)c | 1, x = a % m, y = 1 % m;
	for (; b != 0; b >>= 1) {
		if (b & 1)
			y = y * x % m;
		x = x * x % m;
	}
	return (u32)y;
}
FN s32 switch_dense(s32 a, s32 b)
{
	switch (b & 7) {
	case 0: return a + 1;
	case 1: return a * 3;
	case 2: return a ^ 0x55;
	case 3: return ~a;
	case 4: return a / 5;
	case 5: a = a >> 3; // and on into 6
	case 6: return a - 1000;
	default: return -a;
	}
}
FN u32 switch_sparse(u32 a)
{
	switch (a % 1000) {
	case 3: case 17: return 1;
	case 100: return 2;
	case 250: case 251: case 252: return 3;
	case 999: return a;
	}
	return a % 7;
}
// A small stack machine: the program is in the nibbles of a.
FN s32 interpret(u64 a, s32 b)
{
	s32 stack[16];
	int top = 0;
	stack[0] = b;
	for (int i = 0; i < 16; i++, a >>= 4) {
		s32 x = stack[top];
		switch (a & 15) {
		case 0: case 1: if (top < 15) { stack[top + 1] = x; top++; } break;
		case 2: if (top > 0) { top--; stack[top] += x; } break;
		case 3: if (top > 0) { top--; stack[top] -= x; } break;
		case 4: if (top > 0) { top--; stack[top] *= x; } break;
		case 5: stack[top] = x >> 1; break;
		case 6: stack[top] = (s32)(a >> 4 & 255); break;
		case 7: if (top > 0) { stack[top] = stack[top - 1]; stack[top - 1] = x; } break;
		case 8: if (x < 0) i++, a >>= 4; break;
		case 9: return x;
		default: stack[top] = x + i; break;
		}
	}
	return stack[top];
}
FN u32 sort_median(u32 a, u32 b, u32 c)
{
	u32 v[9];
	for (int i = 0; i < 9; i++) {
		v[i] = a;
		a = a * 1664525u + b;
		b ^= c >> (i & 7);
	}
	for (int i = 1; i < 9; i++) {
		u32 x = v[i];
		int j = i - 1;
		while (j >= 0 && v[j] > x) {
			v[j + 1] = v[j];
			j--;
		}
		v[j + 1] = x;
	}
	return v[4];
}
FN u32 byte_histogram(u64 a, u32 b)
{
	u8 count[16];
	for (int i = 0; i < 16; i++)
		count[i] = 0;
	for (int i = 0; i < 16; i++)
		count[a >> 4 * i & 15]++;
	return count[b & 15] * 256u + count[b >> 4 & 15];
}
FN f32 matrix_f32(f32 a, f32 b, f32 c) // nice operands
{
	f32 x[3][3], y[3][3], s = 0;
	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 3; j++) {
			x[i][j] = a * (f32)i + b * (f32)j;
			y[i][j] = c + (f32)(i - j);
		}
	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 3; j++) {
			f32 sum = 0;
			for (int k = 0; k < 3; k++)
				sum += x[i][k] * y[k][j];
			s = s * 0.5f + sum;
		}
	return s;
}
CONSTANT u32 primes[8] = {2, 3, 5, 7, 11, 13, 17, 19};
CONSTSPACE f64 factors[4] = {0.1, -2.5, 1e10, 3};
FN u32 table_u32(u32 a, u32 b) { return primes[a & 7] * b + primes[b & 7]; }
FN f64 table_f64(f64 a, u32 b) { return a * factors[b & 3]; }
FN NOINLINE u32 callee_add(u32 a, u32 b) { return a + 3 * b; }
FN NOINLINE f64 callee_mix(f64 a, u8 b, s16 c, f32 d) { return a * b - c + d; }
FN u32 call_u32(u32 a, u32 b, u32 c) { return callee_add(callee_add(a, b), callee_add(b, c)); }
FN f64 call_mixed(f64 a, u32 b, f32 c) { return callee_mix(a, (u8)b, (s16)(b >> 8), c); }
struct pair { u32 x; u64 y; u8 z; };
FN NOINLINE struct pair make_pair(u32 a, u64 b)
{
	struct pair p;
	p.x = a ^ (u32)b;
	p.y = b * 5 + a;
	p.z = (u8)(a >> 3);
	return p;
}
FN NOINLINE u64 use_pair(struct pair p, struct pair *q)
{
	q->x += p.x;
	return p.x + p.y * p.z + q->x;
}
FN u64 call_struct(u32 a, u64 b)
{
	struct pair p = make_pair(a, b), q = make_pair((u32)b, a);
	return use_pair(p, &q) ^ q.x;
}
FN u32 fibonacci(u32 n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }
FN u32 call_recursive(u32 a) { return fibonacci(a % 11); }
FN NOINLINE u32 ackermann(u32 m, u32 n)
{
	return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}
FN u32 call_nested(u32 a, u32 b) { return ackermann(a % 3, b % 6); }
typedef u32 (*binary)(u32, u32);
FN NOINLINE u32 op_add(u32 a, u32 b) { return a + b; }
FN NOINLINE u32 op_mul(u32 a, u32 b) { return a * b; }
FN NOINLINE u32 op_xor(u32 a, u32 b) { return a ^ b << 1; }
FN NOINLINE binary choose(u32 c) { return c % 3 == 0 ? op_add : c % 3 == 1 ? op_mul : op_xor; }
FN u32 call_pointer(u32 a, u32 b, u32 c) { return choose(c)(a, choose(c >> 8)(b, a)); }
FN u32 goto_loop(u32 a)
{
	u32 n = 0;
again:
	a = a * 1103515245u + 12345;
	if (++n > 50)
		goto out;
	if (a >> 28 == 3)
		goto out;
	if (a >> 30 == 2) {
		n += 2;
		goto again;
	}
	a ^= n;
	goto again;
out:
	return a + n;
}
FN u32 breaks(u32 a, u32 b)
{
	u32 found = 0;
	for (u32 i = 0; i < 12; i++) {
		if ((a >> i & 7) == 5)
			continue;
		for (u32 j = i; j < 12; j++) {
			if ((b >> j & 3) == 3)
				break;
			found += i * j;
			if (found > 300)
				return found | 0x80000000u;
		}
	}
	return found;
}

// ---- the list: F1(name, result, operand), F2, F3 ----
// n32 and n64 are f32 and f64 with moderate values, h16 is any u16.

#define FUNCTIONS(F1, F2, F3) \
	F2(add_s8, s8, s8, s8) F2(sub_u8, u8, u8, u8) F2(mul_s16, s16, s16, s16) F2(mul_u16, u16, u16, u16) \
	F3(mad_s32, s32, s32, s32, s32) F3(sub_mul_u32, u32, u32, u32, u32) F3(mad_s64, s64, s64, s64, s64) \
	F3(mad_u64, u64, u64, u64, u64) F3(wide_s32, s64, s32, s32, s64) F2(wide_u32, u64, u32, u32) \
	F2(wide_u16, u32, u16, u16) F2(high_s32, s32, s32, s32) F2(high_u32, u32, u32, u32) \
	F2(high_s64, s64, s64, s64) F2(high_u64, u64, u64, u64) F3(carry_u128, u64, u64, u64, u64) \
	F3(product_u128, u64, u64, u64, u64) F2(div_s8, s8, s8, s8) F2(rem_u8, u8, u8, u8) \
	F2(rem_s16, s16, s16, s16) F2(div_u16, u16, u16, u16) F2(div_s32, s32, s32, s32) \
	F2(rem_s32, s32, s32, s32) F2(div_u32, u32, u32, u32) F2(rem_u32, u32, u32, u32) \
	F2(div_s64, s64, s64, s64) F2(rem_s64, s64, s64, s64) F2(div_u64, u64, u64, u64) \
	F2(rem_u64, u64, u64, u64) F1(div_by_constants, s32, s32) F1(div_by_constants_u64, u64, u64) \
	F3(min_max_s32, s32, s32, s32, s32) F3(min_max_u32, u32, u32, u32, u32) \
	F3(min_max_s64, s64, s64, s64, s64) F3(min_max_u16, u16, u16, u16, u16) \
	F2(abs_diff_s32, s32, s32, s32) F1(abs_s64, s64, s64) F2(saturating_add_s16, s16, s16, s16) \
	F2(saturating_sub_s32, s32, s32, s32) F3(logic_u32, u32, u32, u32, u32) \
	F3(logic_u64, u64, u64, u64, u64) F2(logic_u8, u8, u8, u8) F2(shift_s32, s32, s32, s32) \
	F2(shift_u32, u32, u32, u32) F2(shift_s64, s64, s64, u32) F2(shift_u64, u64, u64, u32) \
	F2(shift_s16, s16, s16, u8) F3(shift_u128, u64, u64, u64, u32) F2(rotate_u32, u32, u32, u32) \
	F2(rotate_u64, u64, u64, u32) F1(count_u32, u32, u32) F1(count_u64, u32, u64) \
	F1(trailing_u32, u32, u32) F1(trailing_u64, u32, u64) F1(swap_u32, u32, u32) F1(swap_u64, u64, u64) \
	F1(reverse_u32, u32, u32) F2(field_u32, u32, u32, u32) F1(field_s32, s32, s32) \
	F3(insert_u32, u32, u32, u32, u32) F2(bytes_u32, u32, u32, u32) F3(dot_bytes, s32, u32, u32, s32) \
	F1(parity_u32, u32, u32) F2(add_f32, f32, f32, f32) F3(sub_mul_f32, f32, f32, f32, f32) \
	F2(div_f32, f32, f32, f32) F1(rcp_f32, f32, f32) F1(sqrt_f32, f32, f32) F3(fma_f32, f32, f32, f32, f32) \
	F3(fma_neg_f32, f32, f32, f32, f32) F2(add_f64, f64, f64, f64) F3(sub_mul_f64, f64, f64, f64, f64) \
	F2(div_f64, f64, f64, f64) F1(sqrt_f64, f64, f64) F3(fma_f64, f64, f64, f64, f64) \
	F3(min_max_f32, f32, f32, f32, f32) F3(min_max_f64, f64, f64, f64, f64) F2(sign_f32, f32, f32, f32) \
	F2(sign_f64, f64, f64, f64) F1(round_f32, f32, f32) F1(round_f64, f64, f64) \
	F2(compare_f32, u32, f32, f32) F2(compare_f64, u32, f64, f64) F3(compare_int, u32, s32, s32, u32) \
	F3(select_f32, f32, f32, f32, s32) F1(classify_f32, u32, f32) F2(scale_f32, f32, f32, s32) \
	F1(horner_f32, f32, n32) F1(exp_f64, f64, n64) F1(newton_f64, f64, n64) F2(two_sum_f64, f64, n64, n64) \
	F1(f32_of_s8, f32, s8) F1(f32_of_u16, f32, u16) F1(f32_of_s32, f32, s32) F1(f32_of_u32, f32, u32) \
	F1(f32_of_s64, f32, s64) F1(f32_of_u64, f32, u64) F1(f64_of_s32, f64, s32) F1(f64_of_u32, f64, u32) \
	F1(f64_of_s64, f64, s64) F1(f64_of_u64, f64, u64) F1(f64_of_u8, f64, u8) F1(f64_of_f32, f64, f32) \
	F1(f32_of_f64, f32, f64) F1(f32_of_f16, f32, u16) F1(f16_of_f32, u16, f32) F1(s8_of_f32, s8, n32) \
	F1(u8_of_f64, u8, n64) F1(s16_of_f64, s16, f64) F1(u16_of_f32, u16, f32) F1(s32_of_f32, s32, f32) \
	F1(u32_of_f32, u32, f32) F1(s32_of_f64, s32, f64) F1(u32_of_f64, u32, f64) F1(s64_of_f32, s64, f32) \
	F1(u64_of_f32, u64, f32) F1(s64_of_f64, s64, f64) F1(u64_of_f64, u64, f64) F1(widen_s8, s64, s8) \
	F1(widen_u16, u64, u16) F2(widen_s16, s32, s16, u8) F1(narrow_s64, u8, s64) F1(narrow_u64, s16, u64) \
	F1(narrow_s64_u32, u32, s64) F2(bool_u32, u32, s64, f32) F2(gcd_u32, u32, u32, u32) \
	F1(collatz, u32, u32) F1(isqrt_u32, u32, u32) F1(crc32_u32, u32, u32) F2(hash_u64, u64, u64, u32) \
	F3(power_mod, u32, u32, u32, u32) F2(switch_dense, s32, s32, s32) F1(switch_sparse, u32, u32) \
	F2(interpret, s32, u64, s32) F3(sort_median, u32, u32, u32, u32) F2(byte_histogram, u32, u64, u32) \
	F3(matrix_f32, f32, n32, n32, n32) F2(table_u32, u32, u32, u32) F2(table_f64, f64, f64, u32) \
	F3(call_u32, u32, u32, u32, u32) F3(call_mixed, f64, f64, u32, f32) F2(call_struct, u64, u32, u64) \
	F1(call_recursive, u32, u32) F2(call_nested, u32, u32, u32) F3(call_pointer, u32, u32, u32, u32) \
	F1(goto_loop, u32, u32) F2(breaks, u32, u32, u32)
