package arith

// CmpOp is the comparison operator of set, setp and slct.
type CmpOp uint8

// The comparison operators. LO, LS, HI and HS are the unsigned lt, le, gt and ge. EQ to GE,
// including NE, are false if an operand is NaN; EQU to GEU are true. NUM: neither is NaN. NAN: at
// least one is.
const (
	EQ CmpOp = iota
	NE
	LT
	LE
	GT
	GE
	LO
	LS
	HI
	HS
	EQU
	NEU
	LTU
	LEU
	GTU
	GEU
	NUM
	NAN
)

var cmpNames = [...]string{"eq", "ne", "lt", "le", "gt", "ge", "lo", "ls", "hi", "hs",
	"equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"}

// String returns the operator as PTX writes it, without the dot.
func (op CmpOp) String() string { return cmpNames[op] }

// ParseCmpOp returns the operator that PTX writes as name; false if there is none.
func ParseCmpOp(name string) (CmpOp, bool) {
	for i, n := range cmpNames {
		if n == name {
			return CmpOp(i), true
		}
	}
	return 0, false
}

// ordered reports whether op holds for operands that compare as given.
func (op CmpOp) ordered(less, equal bool) bool {
	switch op {
	case EQ, EQU:
		return equal
	case NE, NEU:
		return !equal
	case LT, LO, LTU:
		return less
	case LE, LS, LEU:
		return less || equal
	case GT, HI, GTU:
		return !less && !equal
	case GE, HS, GEU:
		return !less
	}
	return op == NUM
}

// CompareS compares signed integers: eq, ne, lt, le, gt, ge. Narrower operands must be
// sign-extended.
func CompareS(op CmpOp, a, b int64) bool { return op.ordered(a < b, a == b) }

// CompareU compares unsigned integers: eq, ne, lt, le, gt, ge and lo, ls, hi, hs. Narrower operands
// must be zero-extended.
func CompareU(op CmpOp, a, b uint64) bool { return op.ordered(a < b, a == b) }

// CompareFloat compares floats: every operator except lo, ls, hi and hs. Operands of f32, f16 and
// bf16 are widened first, which is exact.
func CompareFloat(op CmpOp, a, b float64) bool {
	if a != a || b != b {
		return op >= EQU && op != NUM
	}
	return op.ordered(a < b, a == b)
}

// CompareF32 is setp.op{.ftz}.f32.
func CompareF32(op CmpOp, a, b uint32, ftz bool) bool {
	if ftz {
		a, b = FlushF32(a), FlushF32(b)
	}
	return CompareFloat(op, wide(a), wide(b))
}

// CompareF64 is setp.op.f64.
func CompareF64(op CmpOp, a, b uint64) bool { return CompareFloat(op, f64(a), f64(b)) }
