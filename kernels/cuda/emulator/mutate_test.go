package emulator

import (
	"context"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"
)

var (
	mutateFunction = regexp.MustCompile(`(?s)\.(visible \.entry|func)[^;]*?\n{\n.*?\n}\n`)
	mutateToken    = regexp.MustCompile(`[%.$\w]+|\s+|.`)
)

// mutator makes programs that are nearly right: compiled kernels, with a few tokens or lines replaced
// by those of other kernels.
type mutator struct {
	rng     *rand.Rand
	kernels []string // each with the function after it in the file, if it calls any
	common  string   // a function that all kernels of the file call
	lines   []string
	tokens  []string
}

func newMutator(t *testing.T, file string, least int, seed uint64) *mutator {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m := &mutator{rng: rand.New(rand.NewPCG(seed, 1))}
	chunks := mutateFunction.FindAllString(string(raw), -1)
	for i, c := range chunks {
		m.lines = append(m.lines, strings.Split(c, "\n")...)
		switch {
		case strings.HasPrefix(c, ".func") && strings.Contains(c, "_ZL7elementv("):
			m.common = c
		case !strings.HasPrefix(c, ".visible"):
		case !strings.Contains(c, "call"):
			m.kernels = append(m.kernels, c)
		case i+1 < len(chunks) && strings.HasPrefix(chunks[i+1], ".func"):
			m.kernels = append(m.kernels, chunks[i+1]+c)
		}
	}
	if len(m.kernels) < least {
		t.Fatalf("%s: only %d kernels", file, len(m.kernels))
	}
	for _, l := range m.lines {
		m.tokens = append(m.tokens, mutateToken.FindAllString(l, -1)...)
	}
	return m
}

// instructionFiles hold kernels with instructions that compilers rarely generate.
var instructionFiles = []string{"testdata/instructions.ptx", "testdata/instructions_sm90.ptx"}

// TestInstructionFiles runs the kernels that the mutants are made of: they assemble, and no check
// finds anything.
func TestInstructionFiles(t *testing.T) {
	for _, file := range instructionFiles {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		assemble(t, string(raw))
		m := New(Options{Checks: AllChecks})
		p := load(t, m, file, string(raw))
		if len(p.kernels) < 3 {
			t.Errorf("%s has %d kernels", file, len(p.kernels))
		}
		for _, k := range p.kernels {
			launch(t, m, k, Dim3{1, 1, 1}, Dim3{64, 1, 1}, upload(t, m, make([]byte, 4096)))
		}
	}
}

func (m *mutator) next() string {
	lines := strings.Split(m.kernels[m.rng.IntN(len(m.kernels))], "\n")
	for range 1 + m.rng.IntN(4) {
		i := 3 + m.rng.IntN(len(lines)-3)
		switch m.rng.IntN(6) {
		case 0:
			lines[i] = m.lines[m.rng.IntN(len(m.lines))]
		case 1:
			lines = append(lines[:i], append([]string{lines[m.rng.IntN(len(lines))]}, lines[i:]...)...)
		default:
			lines[i] = m.changeToken(lines[i])
		}
	}
	return header + m.common + strings.Join(lines, "\n")
}

// changeToken replaces a token by another, or one part of an opcode.
func (m *mutator) changeToken(line string) string {
	tokens := mutateToken.FindAllString(line, -1)
	if len(tokens) == 0 {
		return line
	}
	j := m.rng.IntN(len(tokens))
	other := m.tokens[m.rng.IntN(len(m.tokens))]
	if strings.Contains(tokens[j], ".") && len(tokens[j]) > 4 {
		parts, from := strings.Split(tokens[j], "."), strings.Split(other, ".")
		parts[m.rng.IntN(len(parts))] = from[m.rng.IntN(len(from))]
		other = strings.Join(parts, ".")
	}
	tokens[j] = other
	return strings.Join(tokens, "")
}

// TestMutants runs faulty programs with a limit of instructions. They may be refused, stopped or
// reported, but nothing may panic. Random bytes (FuzzParse) hardly ever get past the parser; about
// one mutant in ten does.
func TestMutants(t *testing.T) {
	mutants := 2000
	if os.Getenv("BAREGRAD_LONG") != "" {
		mutants = 200000
	}
	for i, file := range append([]string{"testdata/clang/kernels_O0.ptx", "testdata/clang/kernels_O3.ptx"}, instructionFiles...) {
		m := newMutator(t, file, pick(i < 2, 50, 3), uint64(i))
		ran := 0
		for range mutants {
			text := m.next()
			if !runMutant(t, text, Checks(m.rng.IntN(2))*AllChecks, &ran) {
				t.Fatalf("that was\n%s", text)
			}
		}
		if ran < mutants/100 {
			t.Errorf("%s: only %d of %d mutants ran", file, ran, mutants)
		}
	}
}

// runMutant reports a panic, and then returns false.
func runMutant(t *testing.T, text string, checks Checks, ran *int) (ok bool) {
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("panic: %v", r)
		}
	}()
	mod, err := Parse("mutant.ptx", text)
	if err != nil {
		return true
	}
	m := New(Options{Workers: 1, MemoryBytes: 1 << 22, Instructions: 3000, Checks: checks})
	p, err := m.Load(mod)
	if err != nil {
		return true
	}
	for _, k := range p.kernels {
		var args []uint64
		for range k.Params {
			addr, err := m.Alloc(4096)
			if err != nil {
				return true
			}
			args = append(args, addr)
		}
		*ran++
		// A wrong program may have any outcome but a panic.
		_ = m.Launch(context.Background(), k, LaunchConfig{Grid: Dim3{X: 2}, Block: Dim3{X: 64}}, args...)
	}
	return true
}

// TestStmatrixToOneRow stores all rows of a matrix at one address. The checker must report this race;
// mutants found that it stopped the checker.
func TestStmatrixToOneRow(t *testing.T) {
	m := New(Options{Checks: AllChecks})
	p := load(t, m, "race.ptx", header+`.entry k() {
	.shared .align 16 .b8 row[16];
	.reg .b32 at, x;
	mov.u32 at, row;
	mov.u32 x, %tid.x;
	stmatrix.sync.aligned.m8n8.x1.shared.b16 [at], {x};
}`)
	err := m.Launch(context.Background(), kernel(t, p, "k"), LaunchConfig{Block: Dim3{X: 32}})
	if err == nil || !strings.Contains(err.Error(), "race") {
		t.Errorf("got %v, expected a race", err)
	}
}
