package emulator

import "testing"

func TestNearest(t *testing.T) {
	names := []string{"matmul_naive", "relu_bwd_f32", "relu_fwd_f32", "_Z5saxpyPfS_i", "fill"}
	for _, c := range []struct{ name, want string }{
		{"relu_fw_f32", "relu_fwd_f32, relu_bwd_f32, fill"},
		{"saxpy", "_Z5saxpyPfS_i, fill, matmul_naive"}, // 5 letters of it are there
		{"matmul", "matmul_naive, fill, relu_bwd_f32"},
		{"", "fill, matmul_naive, relu_bwd_f32"},
	} {
		if got := Nearest(c.name, names); got != c.want {
			t.Errorf("nearest to %q: %s, want %s", c.name, got, c.want)
		}
	}
	// Names of a module: a prototype is no kernel that can be launched.
	m := mustParse(t, "names.ptx", header+".entry declared(.param .u32 n);\n.entry defined() { ret; }\n")
	if got := m.Kernels(); len(got) != 1 || got[0] != "defined" {
		t.Errorf("kernels are %v, want the one that has a body", got)
	}
}
