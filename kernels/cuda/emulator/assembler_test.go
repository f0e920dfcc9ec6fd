package emulator

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The tables in testdata/assembler record what NVIDIA's assembler accepts and refuses: each
// instruction with each type, and each kind of operand in each place. The emulator must agree, so
// that a GPU's driver accepts every kernel that passes here, and what a driver refuses is refused
// here with a better reason. If BAREGRAD_PTXAS names the assembler, it is asked again;
//
//	BAREGRAD_PTXAS=build/ptxas/bin/ptxas go test ./kernels/cuda/emulator -run TestAssembler -update
//
// writes its answers into the tables. New rows are added by hand, without an answer.

var updateAssembler = flag.Bool("update", false, "write what BAREGRAD_PTXAS says into testdata/assembler")

// assemblerHead declares what the cases use: a register of each type, named after the type, and a
// variable in each space.
const assemblerHead = `.version 8.6
.target sm_90
.address_size 64
.global .align 16 .b8 gv[256];
.const .align 16 .b8 cv[256];
.func fn() { ret; }
.visible .entry k(.param .u64 p0) {
.shared .align 16 .b8 sv[256];
.local .align 16 .b8 lv[256];
.reg .pred pred, pred2; .reg .b16 b16; .reg .u16 u16; .reg .s16 s16; .reg .f16 f16; .reg .b32 b32; .reg .u32 u32; .reg .s32 s32; .reg .f32 f32; .reg .f16x2 f16x2;
.reg .b64 b64; .reg .u64 u64; .reg .s64 s64; .reg .f64 f64; .reg .b128 b128; .reg .b8 b8; .reg .v2 .b32 v2b32;
`
const assemblerTail = "L: ret;\n}\n"

// operandKinds are the operands that are tried in each place.
var operandKinds = strings.Fields(`b16 u16 f16 b32 u32 s32 f32 f16x2 b64 u64 s64 f64 b128 pred !pred
	0 1 -1 !1 70000 5000000000 1.5 0f3F800000 0d3FF0000000000000 _ %tid.x %tid.w %tid %clock64 %laneid %is_explicit_cluster WARP_SZ
	{b32} {b32,b32} {b32,f32} {u32,f32} {u32,s32} {_,_} {%tid.x,b32} {b16,b16} {f16,u16} {b64,b64} v2b32 v2b32.x b32|pred
	sv gv sv+4 p0 fn L [b64] [b32] [f64] [u64+4] [u64+-4] [sv] [gv] [cv] [lv] [p0] [16]`)

// assemblerRow is a row of a table: the instruction, and what each of its blanks accepts.
type assemblerRow struct {
	form  string
	taken []map[string]bool // one per blank; nil if the table has no answer yet
}

// cases returns the cases of a form: with types, one for every type T, whose operands t have its
// width and w twice that; otherwise one for every kind of operand in every place.
func (r assemblerRow) cases(types bool) []map[string]string {
	name, rest, _ := strings.Cut(r.form, " ")
	if types {
		of := map[string]string{}
		for _, typ := range slices.Sorted(maps.Keys(typeByName)) {
			width := func(bits int) string {
				if typeByName[typ] == Pred {
					return "pred"
				}
				return fmt.Sprintf("b%d", max(bits, 16))
			}
			n := typeByName[typ].Bits()
			args := typeLetter.ReplaceAllStringFunc(rest, func(s string) string { return width(map[string]int{"t": n, "w": 2 * max(n, 16)}[s]) })
			if strings.Contains(args, "b256") {
				continue
			}
			of[typ] = strings.Replace(name, ".T", "."+typ, 1) + " " + args + ";"
		}
		return []map[string]string{of}
	}
	args := operandSplit.FindAllString(rest, -1)
	list := make([]map[string]string, len(args))
	for i := range args {
		list[i] = map[string]string{}
		for _, kind := range operandKinds {
			with := slices.Clone(args)
			with[i] = kind
			list[i][kind] = name + " " + strings.Join(with, ", ") + ";"
		}
	}
	if len(args) == 0 { // without operands, and with one too many
		list = append(list, map[string]string{"alone": name + ";", "b32": name + " b32;", "[b64]": name + " [b64];"})
	}
	return list
}

var (
	typeLetter   = regexp.MustCompile(`\b[tw]\b`)
	operandSplit = regexp.MustCompile(`\{[^}]*\}|\[[^]]*\]|[^,\s]+`)
)

// noneTaken stands in a table where nothing is accepted.
const noneTaken = "-"

// readAssembler reads a table: lines "form -> set | set", where a set is words or the name of a
// line "name = words".
func readAssembler(t *testing.T, file string) (rows []assemblerRow) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sets := map[string]string{noneTaken: ""}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if name, words, ok := strings.Cut(line, " = "); ok {
			sets[name] = words
			continue
		}
		if line == "" || line[0] == '#' {
			continue
		}
		form, answers, answered := strings.Cut(line, " -> ")
		row := assemblerRow{form: form}
		for _, words := range strings.Split(answers, " | ") {
			if named, ok := sets[words]; ok {
				words = named
			}
			taken := map[string]bool{}
			for _, w := range strings.Fields(words) {
				taken[w] = true
			}
			if answered {
				row.taken = append(row.taken, taken)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// writeAssembler writes a table back, below the lines that explain it. Sets that several rows have
// get names.
func writeAssembler(t *testing.T, file string, rows []assemblerRow, vocabulary []string) {
	t.Helper()
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	words := func(taken map[string]bool) string {
		var list []string
		for _, w := range vocabulary {
			if taken[w] {
				list = append(list, w)
			}
		}
		if len(list) == 0 {
			return noneTaken
		}
		return strings.Join(list, " ")
	}
	count, names := map[string]int{}, map[string]string{}
	for _, r := range rows {
		for _, taken := range r.taken {
			count[words(taken)]++
		}
	}
	var text, defined strings.Builder
	for line := range strings.Lines(string(old)) {
		if strings.HasPrefix(line, "#") {
			text.WriteString(line)
		}
	}
	var lines strings.Builder
	for _, r := range rows {
		for i, taken := range r.taken {
			s := words(taken)
			if count[s] > 1 && strings.Count(s, " ") > 2 {
				if names[s] == "" {
					names[s] = fmt.Sprintf("S%d", len(names)+1)
					fmt.Fprintf(&defined, "%s = %s\n", names[s], s)
				}
				s = names[s]
			}
			fmt.Fprintf(&lines, "%s%s", []string{r.form + " -> ", " | "}[min(i, 1)], s)
		}
		lines.WriteString("\n")
	}
	if err := os.WriteFile(file, []byte(text.String()+defined.String()+lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

var assemblerError = regexp.MustCompile(`line (\d+); (?:error|fatal) +: (.*)`)

// askAssembler returns the objections of NVIDIA's assembler to each instruction, none if it accepts
// it. Many are checked at once, because the assembler continues after all errors but those of
// syntax.
func askAssembler(t *testing.T, program string, instructions []string) map[string]string {
	t.Helper()
	said := map[string]string{}
	dir := t.TempDir()
	file := filepath.Join(dir, "k.ptx")
	before := strings.Count(assemblerHead, "\n") + 1
	chunks := slices.Collect(slices.Chunk(instructions, 200))
	for len(chunks) > 0 {
		chunk := chunks[len(chunks)-1]
		chunks = chunks[:len(chunks)-1]
		if err := os.WriteFile(file, []byte(assemblerHead+strings.Join(chunk, "\n")+"\n"+assemblerTail), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(program, "-arch=sm_90", "-O0", "-o", filepath.Join(dir, "k.cubin"), file).CombinedOutput()
		if err == nil {
			continue
		}
		var rest []string
		bad := map[int]string{}
		for _, m := range assemblerError.FindAllStringSubmatch(string(out), -1) {
			line, _ := strconv.Atoi(m[1]) // can't fail: the pattern matches digits
			bad[line-before] = m[2]
		}
		for i, instruction := range chunk {
			if bad[i] != "" {
				said[instruction] = bad[i]
			} else {
				rest = append(rest, instruction)
			}
		}
		switch {
		case len(rest) == 0:
		case len(rest) < len(chunk):
			chunks = append(chunks, rest)
		case len(chunk) == 1: // an error without a line, or a crash
			said[chunk[0]] = strings.TrimSpace(string(out)) + " " + err.Error()
		default:
			chunks = append(chunks, chunk[:len(chunk)/2], chunk[len(chunk)/2:])
		}
	}
	return said
}

// stricter are the cases that the assembler accepts and this emulator refuses on purpose.
var stricter = []struct{ instruction, why string }{
	{`.*\bfn\b.*`, "the address of a function, computed with: only a mov of 64 bits has a use for it"},
	{`.*\[b32\].*`, "an address of 32 bits in a space of 64 can't be right"},
	{`(?:mov|st|cvt)\.\S+ .*\b(?:sv|gv|p0)\b.*`, "an address that the type is too narrow for"},
	{`(?:add|sub|subc|addc|madc)\S*\.[us]16 .*`, "without .cc there is no carry of 16 bits to take"},
	{`.*\bb128\b.*`, "128 bits are moved, loaded and stored alone, and weakly"},
	{`.*\bf16x2\b.*`, "a pair of halves where an integer or a predicate belongs"},
	{`(?:ld|st)\.global\.v2\.\S+ .*(?:\{1,|\{u32,s32\}).*`, "elements of a vector are held to the type, as a single one is"},
	{`ld\.u32 b32, \[.v\]`, "a variable's name is an address in the variable's own space"},
	{`cvt\.rn\.f16x2\.f32 .*\bb64\b.*`, "a register of 64 bits for 32"},
	{`fma\.rz\.bf16.*|rcp\.rn\.ftz\.f64.*|cvt\.b?f16\.b?f16 .*`, "the manual has no such form"},
	{`cp\.async\.wait_group (?:-1|5000000000)`, "no number of groups"},
	{`cvta\.to\.global\.u64 b64, sv\+4`, "an address of .shared as one of .global"},
	{`mov\.v[24]\.\S+ \{[^}]*\}, [^{].*`, "a vector of one number"},
	{`mov\.v2\.u32 .*\{b32,f32\}.*`, "elements of a vector are held to the type, as a single one is"},
	{`\S+ (?:\{%tid\.x,b32\}, .*|\[b64\], \{%tid\.x,b32\})`, "a special register as a result, or as a number with a point"},
	{`isspacep\.global pred, \S*32\S*`, "a generic address has 64 bits"},
}

func TestAssembler(t *testing.T) {
	purpose := make([]*regexp.Regexp, len(stricter))
	used := make([]bool, len(stricter))
	for i, d := range stricter {
		purpose[i] = regexp.MustCompile("^(?:" + d.instruction + ");$")
	}
	for _, name := range []string{"types", "operands"} {
		file := filepath.Join("testdata", "assembler", name+".txt")
		rows := readAssembler(t, file)
		vocabulary := append([]string{"alone"}, operandKinds...)
		if name == "types" {
			vocabulary = nil
			for _, info := range typeTable {
				vocabulary = append(vocabulary, info.name)
			}
		}
		if program := assembler(t); program != "" {
			var all []string
			for _, r := range rows {
				for _, of := range r.cases(name == "types") {
					all = slices.AppendSeq(all, maps.Values(of))
				}
			}
			slices.Sort(all)
			said := askAssembler(t, program, slices.Compact(all))
			for i, r := range rows {
				var now []map[string]bool
				for _, of := range r.cases(name == "types") {
					taken := map[string]bool{}
					for word, instruction := range of {
						if said[instruction] == "" {
							taken[word] = true
						}
					}
					now = append(now, taken)
				}
				if *updateAssembler {
					rows[i].taken = now
				} else if !slices.EqualFunc(now, r.taken, maps.Equal[map[string]bool]) {
					t.Errorf("%s: %s says %v, the assembler %v", file, r.form, r.taken, now)
				}
			}
			if *updateAssembler {
				writeAssembler(t, file, rows, vocabulary)
			}
		}
		for _, r := range rows {
			blanks := r.cases(name == "types")
			if len(blanks) != len(r.taken) {
				t.Errorf("%s: %s has %d answers, expected %d: -update writes them", file, r.form, len(r.taken), len(blanks))
				continue
			}
			for i, of := range blanks {
				for _, word := range slices.Sorted(maps.Keys(of)) {
					mod, err := Parse("case.ptx", assemblerHead+of[word]+"\n"+assemblerTail)
					if err == nil {
						_, err = New(Options{}).Load(mod)
					}
					if (err == nil) == r.taken[i][word] {
						continue
					}
					known := false
					for k, pattern := range purpose {
						if err != nil && pattern.MatchString(of[word]) {
							known, used[k] = true, true
						}
					}
					if !known {
						t.Errorf("%s the assembler takes: %v; here: %v", of[word], r.taken[i][word], err)
					}
				}
			}
		}
	}
	for i, d := range stricter {
		if !used[i] {
			t.Errorf("no case differs any more as %s: %s", d.instruction, d.why)
		}
	}
}
