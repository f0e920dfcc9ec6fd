package main

import (
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
	"baregrad/kernels/cuda/emulator"
)

// What each case computes passes the lab's check, and what is off by a little does not: a wrong
// element somewhere, a result of other operands, nothing at all.
func TestWrongResults(t *testing.T) {
	d, err := cuda.New("emulator", emulator.NewDriver(emulator.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, c := range cases(true) {
		if c.Form != "" {
			continue
		}
		var set []kernels.Buffer
		for i, n := range c.operands() {
			b := d.Alloc(kernels.Float32, n)
			d.Uniform(b, -1, 1, uint64(i))
			set = append(set, b)
		}
		if c.Kind == "maxpool" {
			set = append(set, d.Alloc(kernels.Int32, set[0].Len()))
		}
		c.call(d, set)
		if why := c.wrong(d, set); why != "" {
			t.Errorf("%s: %s", c.Name, why)
		}
		right := make([]float32, set[0].Len())
		kernels.Download(d, right, set[0])
		for name, spoil := range map[string]func(v []float32){
			"last":    func(v []float32) { v[len(v)-1] += 0.2 },
			"nothing": func(v []float32) { clear(v) },
			"shifted": func(v []float32) { copy(v, append(v[len(v)-1:], v[:len(v)-1]...)); v[0] += 0.2 },
		} {
			v := append([]float32(nil), right...)
			spoil(v)
			kernels.Upload(d, set[0], v)
			if why := c.wrong(d, set); !strings.HasPrefix(why, "wrong result: element") {
				t.Errorf("%s, %s: the check says %q", c.Name, name, why)
			}
		}
		for _, b := range set {
			if b.Type() == kernels.Float32 {
				d.Fill(b, 0)
			}
		}
		if why := c.wrong(d, set); !strings.Contains(why, "wrong result") {
			t.Errorf("%s, where all is 0: the check says %q", c.Name, why)
		}
		for _, b := range set {
			b.Free()
		}
	}
}
