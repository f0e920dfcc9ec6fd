// The moments that an optimizer keeps of a unit without gradient shrink by the same factor in each
// step. Below 2⁻¹²⁶, numbers have fewer and fewer bits, and 0.9 times the smallest rounds to itself:
// they would stay there for good, and each costs the processor many cycles. So they become 0. The
// macros need a frame of 8 bytes, and use R11.

// FLUSH_SUBNORMALS: from here on such results become 0 (flush to zero, bit 15 of MXCSR).
#define FLUSH_SUBNORMALS \
	STMXCSR control-8(SP) \
	MOVL    control-8(SP), R11 \
	ORL     $0x8000, R11 \
	MOVL    R11, flushing-4(SP) \
	LDMXCSR flushing-4(SP)

// KEEP_SUBNORMALS: from here on they no longer do.
#define KEEP_SUBNORMALS \
	LDMXCSR control-8(SP)
