//go:build !purego

#include "textflag.h"

// math_f32 holds the constants of exp_amd64.h, which names them.
DATA ·math_f32+0(SB)/4, $0x3fb8aa3b // 1/ln 2
DATA ·math_f32+4(SB)/4, $0x3f317218 // ln 2
DATA ·math_f32+8(SB)/4, $0xb102e308 // ln 2 − its float32
DATA ·math_f32+12(SB)/4, $0x42b20000 // 89
DATA ·math_f32+16(SB)/4, $0xc2d00000 // −104
DATA ·math_f32+20(SB)/4, $0x3efffffe // ≈ 1/2
DATA ·math_f32+24(SB)/4, $0x3e2aaa48 // ≈ 1/6
DATA ·math_f32+28(SB)/4, $0x3d2aac7a // ≈ 1/24
DATA ·math_f32+32(SB)/4, $0x3c091d36 // ≈ 1/120
DATA ·math_f32+36(SB)/4, $0x3ab511a9 // ≈ 1/720
DATA ·math_f32+40(SB)/4, $0x3eaaaaaa // ≈ 1/3
DATA ·math_f32+44(SB)/4, $0xbe800113 // ≈ −1/4
DATA ·math_f32+48(SB)/4, $0x3e4cd004 // ≈ 1/5
DATA ·math_f32+52(SB)/4, $0xbe2a3922 // ≈ −1/6
DATA ·math_f32+56(SB)/4, $0x3e116d0d // ≈ 1/7
DATA ·math_f32+60(SB)/4, $0xbe06c2a3 // ≈ −1/8
DATA ·math_f32+64(SB)/4, $0x3e02adc2 // ≈ 1/9
DATA ·math_f32+68(SB)/4, $0xbd9c5ad4 // ≈ −1/10
DATA ·math_f32+72(SB)/4, $0x3f3504f3 // √½
DATA ·math_f32+76(SB)/4, $0x007fffff // the mantissa's bits
DATA ·math_f32+80(SB)/4, $0x4b800000 // 2²⁴
DATA ·math_f32+84(SB)/4, $0xc1c00000 // −24
DATA ·math_f32+88(SB)/4, $0x00800000 // 2^−126
DATA ·math_f32+92(SB)/4, $0x7f800000 // Inf
DATA ·math_f32+96(SB)/4, $0x7fc00000 // NaN
DATA ·math_f32+100(SB)/4, $0xbf000000 // −1/2
DATA ·math_f32+104(SB)/4, $0x41200000 // 10
DATA ·math_f32+108(SB)/4, $0x40000000 // 2
DATA ·math_f32+112(SB)/4, $0x7fffffff // all bits but the sign
DATA ·math_f32+116(SB)/4, $0x0000007f // 127, an integer
DATA ·math_f32+120(SB)/4, $0x33d6bf95 // 1e-7
DATA ·math_f32+124(SB)/4, $0x3f7ffffe // 1 − 1e-7
GLOBL ·math_f32(SB), RODATA|NOPTR, $128

// gelu_f32 holds the constants of gelu_amd64.h.
DATA ·gelu_f32+0(SB)/4, $0x41680000 // 14.5
DATA ·gelu_f32+4(SB)/4, $0x3eb0a3d7 // 0.345
DATA ·gelu_f32+8(SB)/4, $0x3ecc422a // 1/√(2π)
DATA ·gelu_f32+12(SB)/4, $0x3e0cec49 // 0.1376201
DATA ·gelu_f32+16(SB)/4, $0x3e0d513f // 0.1380052
DATA ·gelu_f32+20(SB)/4, $0x3df05b76 // 0.1173619
DATA ·gelu_f32+24(SB)/4, $0x3de3e070 // 0.1112679
DATA ·gelu_f32+28(SB)/4, $0xbd146ed3 // −0.0362385
DATA ·gelu_f32+32(SB)/4, $0x3e3d7f37 // 0.1850556
DATA ·gelu_f32+36(SB)/4, $0xbe89ce9f // −0.2691545
DATA ·gelu_f32+40(SB)/4, $0x3e13b21b // 0.1442341
DATA ·gelu_f32+44(SB)/4, $0xbce69ed8 // −0.0281519
GLOBL ·gelu_f32(SB), RODATA|NOPTR, $48
