package emulator

// expansions says how many machine instructions ptxas makes of a PTX instruction, if those are
// more than one, by its name without rounding, .ftz and .sat. Counted are those that a GPU executes
// for ordinary operands: where ptxas calls a function for infinities and subnormal numbers, the way
// around the call. They are ptxas 12.9's for sm_90; TestExpansions compares them with the assembler.
var expansions = map[string]uint64{
	"div.u16": 23, "div.s16": 33, "rem.u16": 25, "rem.s16": 38,
	"div.u32": 18, "div.s32": 24, "rem.u32": 17, "rem.s32": 22,
	"div.u64": 74, "div.s64": 89, "rem.u64": 70, "rem.s64": 83,
	"div.f32": 8, "rcp.f32": 8, "sqrt.f32": 8,
	"div.f64": 14, "rcp.f64": 9, "sqrt.f64": 16,
	"add.u64": 2, "add.s64": 2, "sub.u64": 2, "sub.s64": 2,
	"mul.lo.u64": 4, "mul.lo.s64": 4, "mad.lo.u64": 4, "mad.lo.s64": 4,
	"mul.hi.u64": 7, "mul.hi.s64": 16, "mad.hi.u64": 7, "mad.hi.s64": 16,
	"min.u64": 4, "min.s64": 4, "max.u64": 4, "max.s64": 4,
	"shl.b64": 2, "shr.u64": 2, "shr.s64": 2,
}

// expansion returns how many machine instructions an instruction counts as: 1 if it is not in the
// table. What ptxas often leaves out altogether, such as moves and cvta, counts as 1, too.
func expansion(in *Instr) uint64 {
	name := in.Op
	for _, m := range in.Mods {
		switch m {
		case "rn", "rz", "rm", "rp", "ftz", "sat":
		default:
			name += "." + m
		}
	}
	return max(expansions[name], 1)
}
