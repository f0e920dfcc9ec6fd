// ADAM32: Adam's step, without decay, for two registers of weights. W0 and W1 are the weights in
// memory, M0, M1, V0 and V1 their moments in memory, g and G their gradients in registers. The
// instructions of the two alternate, so that one works while the other waits.
//
// Two roots and two divisions keep the divider busy for 32 cycles, so this macro is for loops that
// multiply something else meanwhile. Where Adam runs alone, adam_f32_avx512 is faster.
//
//	m += (g − m)·rest1
//	v += (g² − v)·rest2
//	w −= alpha·m/(√v + epsilon)
//
// All loads come before the first store. g and G become v; a, b, A and B are scratch. The formula is
// that of kernels.Device.
#define ADAM32(W0, W1, M0, M1, V0, V1, g, G, a, b, A, B, rest1, rest2, alpha, epsilon) \
	VSUBPS       M0, g, a; \
	VSUBPS       M1, G, A; \
	VFMADD213PS  M0, rest1, a; \ // m = (g − m)·rest1 + m
	VFMADD213PS  M1, rest1, A; \
	VFMSUB213PS  V0, g, g; \
	VFMSUB213PS  V1, G, G; \
	VFMADD213PS  V0, rest2, g; \ // v = (g·g − v)·rest2 + v
	VFMADD213PS  V1, rest2, G; \
	VSQRTPS      g, b; \
	VSQRTPS      G, B; \
	VADDPS       epsilon, b, b; \ // s = √v + epsilon
	VADDPS       epsilon, B, B; \
	VDIVPS       b, a, b; \
	VDIVPS       B, A, B; \
	VFNMADD213PS W0, alpha, b; \ // w −= alpha·m/s
	VFNMADD213PS W1, alpha, B; \
	VMOVUPS      a, M0; \
	VMOVUPS      A, M1; \
	VMOVUPS      g, V0; \
	VMOVUPS      G, V1; \
	VMOVUPS      b, W0; \
	VMOVUPS      B, W1
