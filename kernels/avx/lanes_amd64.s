//go:build !purego

#include "textflag.h"

// lanes8 is 8 times −1, then 8 times 0: read from 4·n bytes before its middle,
// it gives a vector whose first n lanes are set.
DATA ·lanes8+0(SB)/8, $-1
DATA ·lanes8+8(SB)/8, $-1
DATA ·lanes8+16(SB)/8, $-1
DATA ·lanes8+24(SB)/8, $-1
DATA ·lanes8+32(SB)/8, $0
DATA ·lanes8+40(SB)/8, $0
DATA ·lanes8+48(SB)/8, $0
DATA ·lanes8+56(SB)/8, $0
GLOBL ·lanes8(SB), RODATA|NOPTR, $64

// sign_f32 is −0: nothing but the sign bit of a float32.
DATA ·sign_f32+0(SB)/4, $0x80000000
GLOBL ·sign_f32(SB), RODATA|NOPTR, $4

// minus_inf_f32 is −Inf, the initial value of a maximum.
DATA ·minus_inf_f32+0(SB)/4, $0xff800000
GLOBL ·minus_inf_f32(SB), RODATA|NOPTR, $4

// one_f32 is 1.
DATA ·one_f32+0(SB)/4, $0x3f800000
GLOBL ·one_f32(SB), RODATA|NOPTR, $4

// one_i32 is 1.
DATA ·one_i32+0(SB)/4, $1
GLOBL ·one_i32(SB), RODATA|NOPTR, $4
