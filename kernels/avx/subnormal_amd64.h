// What an optimizer keeps of a unit that gets no gradient any more shrinks by the
// same factor in each step. Below 2⁻¹²⁶ numbers have fewer and fewer bits, and
// 0.9 of the least of them is rounded to itself: they would stay there for good,
// and a processor takes many cycles for each. So they become 0.
// The macros need a frame of 8 bytes, and use R11.

// FLUSH_SUBNORMALS: from here on the processor takes such a result for 0, the
// flush to zero that MXCSR's bit 15 turns on.
#define FLUSH_SUBNORMALS \
	STMXCSR control-8(SP) \
	MOVL    control-8(SP), R11 \
	ORL     $0x8000, R11 \
	MOVL    R11, flushing-4(SP) \
	LDMXCSR flushing-4(SP)

// KEEP_SUBNORMALS: from here on it no longer does.
#define KEEP_SUBNORMALS \
	LDMXCSR control-8(SP)
