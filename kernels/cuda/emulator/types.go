package emulator

// Type is a PTX fundamental type, such as .f32 or .b64.
type Type uint8

// The types of PTX. TypeNone marks an instruction without one.
const (
	TypeNone Type = iota
	Pred
	B8
	B16
	B32
	B64
	B128
	U8
	U16
	U32
	U64
	S8
	S16
	S32
	S64
	F16
	F16x2
	BF16
	BF16x2
	TF32
	F32
	F64
	E4M3
	E5M2
	E4M3x2
	E5M2x2
	U16x2
	S16x2
)

type typeInfo struct {
	name   string
	bits   int
	float  bool
	signed bool
}

var typeTable = [...]typeInfo{
	TypeNone: {"", 0, false, false},
	Pred:     {"pred", 1, false, false},
	B8:       {"b8", 8, false, false},
	B16:      {"b16", 16, false, false},
	B32:      {"b32", 32, false, false},
	B64:      {"b64", 64, false, false},
	B128:     {"b128", 128, false, false},
	U8:       {"u8", 8, false, false},
	U16:      {"u16", 16, false, false},
	U32:      {"u32", 32, false, false},
	U64:      {"u64", 64, false, false},
	S8:       {"s8", 8, false, true},
	S16:      {"s16", 16, false, true},
	S32:      {"s32", 32, false, true},
	S64:      {"s64", 64, false, true},
	F16:      {"f16", 16, true, true},
	F16x2:    {"f16x2", 32, true, true},
	BF16:     {"bf16", 16, true, true},
	BF16x2:   {"bf16x2", 32, true, true},
	TF32:     {"tf32", 32, true, true},
	F32:      {"f32", 32, true, true},
	F64:      {"f64", 64, true, true},
	E4M3:     {"e4m3", 8, true, true},
	E5M2:     {"e5m2", 8, true, true},
	E4M3x2:   {"e4m3x2", 16, true, true},
	E5M2x2:   {"e5m2x2", 16, true, true},
	U16x2:    {"u16x2", 32, false, false},
	S16x2:    {"s16x2", 32, false, true},
}

var typeByName = func() map[string]Type {
	m := make(map[string]Type, len(typeTable))
	for t, info := range typeTable {
		if info.name != "" {
			m[info.name] = Type(t)
		}
	}
	return m
}()

// String gives the type's name without its dot, such as "f32".
func (t Type) String() string { return typeTable[t].name }

// Bits returns the width of a value of type t; 1 for predicates.
func (t Type) Bits() int { return typeTable[t].bits }

// Size returns the number of bytes that a value of type t occupies in memory.
func (t Type) Size() int { return (typeTable[t].bits + 7) / 8 }

// Float reports whether t is a floating-point type.
func (t Type) Float() bool { return typeTable[t].float }

// Signed reports whether t is a signed integer or a floating-point type.
func (t Type) Signed() bool { return typeTable[t].signed }

// bare reports whether t is untyped bits: .b8 to .b128.
func (t Type) bare() bool { return t >= B8 && t <= B128 }

// Space is a PTX state space.
type Space uint8

// The state spaces of PTX. A Generic address encodes its space in its value.
const (
	Generic Space = iota
	Reg
	Global
	Shared
	Local
	Const
	Param
)

var spaceNames = [...]string{"generic", "reg", "global", "shared", "local", "const", "param"}

// String gives the space's name, such as "shared".
func (s Space) String() string { return spaceNames[s] }

var spaceByName = map[string]Space{
	"reg": Reg, "global": Global, "shared": Shared, "local": Local, "const": Const, "param": Param,
	"shared::cta": Shared, "param::entry": Param, "param::func": Param,
}
