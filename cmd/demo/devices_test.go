package main

import (
	"testing"

	"baregrad/kernels/auto"
)

func TestHoldings(t *testing.T) {
	for want, d := range map[string]auto.Info{
		"a processor, 1 core, 2.00 GB of memory": {Name: "avx2", Hardware: "a processor", Workers: 1, Memory: 2 << 30},
		"2 cores":                                {Name: "reference", Workers: 2},
		"a GPU, 132 multiprocessors, 80.00 GB of memory (79.00 GB to be had)": {Name: "cuda", Hardware: "a GPU", Workers: 132, Memory: 80 << 30, Free: 79 << 30},
	} {
		if got := holdings(d); got != want {
			t.Errorf("%+v is described as %q, want %q", d, got, want)
		}
	}
}
