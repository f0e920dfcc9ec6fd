package emulator

import (
	"slices"
	"strings"
)

// Which types an instruction supports. Often the result would be the same for another type
// (and.u32, add.b32), but NVIDIA's assembler refuses it, so it would run on no GPU.

const (
	signedTypes   = "s16 s32 s64"
	wholeTypes    = "u16 u32 u64 " + signedTypes
	carryTypes    = "u32 u64 s32 s64"
	addressTypes  = "u32 u64 s32 s64"
	comparedTypes = "b16 b32 b64 " + wholeTypes + " f16 f16x2 bf16 bf16x2 f32 f64"
	memoryTypes   = "b8 b16 b32 b64 b128 u8 u16 u32 u64 s8 s16 s32 s64 f32 f64"
)

// typesOf is the types of instructions that have one type and whose decoders do not check it.
var typesOf = map[string]string{
	"and": "pred b16 b32 b64", "or": "pred b16 b32 b64", "xor": "pred b16 b32 b64", "not": "pred b16 b32 b64",
	"cnot": "b16 b32 b64", "shl": "b16 b32 b64", "shf": "b32", "popc": "b32 b64", "clz": "b32 b64", "brev": "b32 b64",
	"bfi": "b32 b64", "prmt": "b32", "lop3": "b32", "shfl": "b32", "match": "b32 b64", "nanosleep": "u32",
	"sad": wholeTypes, "rem": wholeTypes,
	"neg": signedTypes + " f16 f16x2 bf16 bf16x2 f32 f64", "abs": signedTypes + " f16 f16x2 bf16 bf16x2 f32 f64",
	"shr": "b16 b32 b64 " + wholeTypes, "addc": carryTypes, "subc": carryTypes, "madc": carryTypes, "bfind": carryTypes,
	"fns": "b32", "bmsk": "b32", "szext": "u32 s32", "copysign": "f32 f64", "testp": "f32 f64", "activemask": "b32",
	"sin": "f32", "cos": "f32", "lg2": "f32", "rsqrt": "f32 f64", "ex2": "f16 f16x2 bf16 bf16x2 f32", "tanh": "f16 f16x2 bf16 bf16x2 f32",
	"dp4a": "u32 s32", "dp2a": "u32 s32", "mapa": addressTypes, "getctarank": addressTypes, "vote": "pred b32",
	"setp": comparedTypes, "set": comparedTypes,
	"ld": memoryTypes, "ldu": memoryTypes, "st": memoryTypes,
	"mov":  "pred b16 b32 b64 b128 u16 u32 u64 s16 s32 s64 f32 f64",
	"selp": "b16 b32 b64 u16 u32 u64 s16 s32 s64 f32 f64",
}

// numeric is the instructions that compute with numbers, not bits.
var numeric = []string{"add", "sub", "mul", "mad", "min", "max", "div"}

// atomTypes is the types of the operations of atom and red.
var atomTypes = map[string]string{
	"add": "u32 s32 u64 f16 f16x2 bf16 bf16x2 f32 f64", "min": "u32 s32 u64 s64", "max": "u32 s32 u64 s64",
	"inc": "u32", "dec": "u32", "and": "b32 b64", "or": "b32 b64", "xor": "b32 b64", "cas": "b16 b32 b64 b128", "exch": "b32 b64 b128",
}

// vectorAtomTypes is the types of atom and red on vectors.
const vectorAtomTypes = "f16 f16x2 bf16 bf16x2 f32"

// checkTypes refuses a type that the instruction does not support.
func (d *decoder) checkTypes() {
	typ := TypeNone
	for _, w := range d.in.Mods {
		if t, ok := typeByName[w]; ok {
			typ = t // the last one
		}
	}
	has := func(word string) bool { return slices.Contains(d.in.Mods, word) }
	op := d.in.Op
	allowed, listed := typesOf[op]
	switch {
	case op == "atom" || op == "red":
		for word, types := range atomTypes {
			if has(word) {
				op, allowed, listed = op+"."+word, types, true
				if has("v2") || has("v4") || has("v8") {
					allowed = vectorAtomTypes
				}
			}
		}
		if _, _, half := halfOf(typ); half != has("noftz") {
			d.refuse(".noftz is for .f16, .f16x2, .bf16 and .bf16x2, which must have it")
		}
		if d.in.Op == "red" && (has("cas") || has("exch")) {
			d.refuse("red has no such operation; atom has, and gives the old value")
		}
	case op == "redux":
		listed, allowed = true, "u32 s32"
		switch {
		case has("and"), has("or"), has("xor"):
			allowed = "b32"
		case typ == F32:
			allowed = "f32"
		}
	case (op == "setp" || op == "set") && typ.bare() && !has("eq") && !has("ne"):
		d.refuse(".%s has no order, expected .eq or .ne, or a type such as .u%d", typ, typ.Bits())
	case (op == "setp" || op == "set") && (typ.Signed() || typ.bare()) && (has("lo") || has("ls") || has("hi") || has("hs")):
		d.refuse(".lo, .ls, .hi and .hs are for unsigned integers; expected .lt, .le, .gt or .ge for .%s", typ)
	case slices.Contains(numeric, op) && (typ == U16x2 || typ == S16x2) && op != "add" && op != "sub" && op != "min" && op != "max":
		d.refuse("no such operation on .%s", typ)
	case slices.Contains(numeric, op) && typ.bare():
		d.refuse(".%s is no type of numbers, expected one such as .u%d or .s%d", typ, typ.Bits(), typ.Bits())
	}
	if listed && (typ != TypeNone || op == "nanosleep") && !slices.Contains(strings.Fields(allowed), typ.String()) {
		what := "no type"
		if typ != TypeNone {
			what = "." + typ.String()
		}
		d.refuse("it is of %s, expected .%s", what, strings.Join(strings.Fields(allowed), ", ."))
	}
	if has("nc") && (op != "ld" || !has("global")) {
		d.refuse(".nc is for ld.global")
	}
	d.checkSpecials()
}

// checkSpecials refuses special registers where an instruction cannot read them: only mov, and cvt
// between integers, can.
func (d *decoder) checkSpecials() {
	for _, a := range d.in.Args {
		if a.Kind != OperandSpecial || specials[a.Name].kind == spFalse || a.Name == "WARP_SZ" {
			continue
		}
		if d.in.Op != "mov" && (d.in.Op != "cvt" || slices.ContainsFunc(d.in.Mods, isFloat)) {
			d.refuse("%s can't stand here: a mov, such as mov.u32, takes it to a register first", a.Name)
		}
	}
}

func isFloat(word string) bool { return typeByName[word].Float() }
