//go:build linux

package main

import "baregrad/bench"

// A fingerprint is what all libraries must agree on: the number of examples, the number of their
// nonzero inputs, and the sum of the labels.
type fingerprint struct {
	Examples int `json:"examples"`
	Nonzero  int `json:"nonzero"`
	Labels   int `json:"labels"`
}

// fingerprintOf returns the fingerprint of the examples, rounded down to whole batches.
func fingerprintOf(d *bench.Data, batch int) *fingerprint {
	f := &fingerprint{Examples: d.N / batch * batch}
	width := (len(d.Pixels) + len(d.Rows)) / d.N
	if d.Rows != nil {
		for _, v := range d.Rows[:f.Examples*width] {
			if v != 0 {
				f.Nonzero++
			}
		}
		for _, v := range d.Targets[:f.Examples] {
			f.Labels += int(v)
		}
		return f
	}
	for _, v := range d.Pixels[:f.Examples*width] {
		if v != 0 {
			f.Nonzero++
		}
	}
	for _, v := range d.Labels[:f.Examples] {
		f.Labels += int(v)
	}
	return f
}
