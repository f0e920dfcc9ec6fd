package avx

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"baregrad/kernels"
)

// TestDropoutDrawsPhilox compares masks and numbers bit by bit with kernels.Philox, for counters that
// wrap around and for steps, layers and seeds of many bits.
func TestDropoutDrawsPhilox(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			k := vectorsOf(t, set)
			for _, n := range testLengths() {
				for variant, block := range []uint32{0, 1, 12345, 1<<32 - 3} {
					random := rand.New(rand.NewPCG(uint64(n), uint64(variant)))
					s := kernels.DropoutSpec{Rate: []float32{0, 0.25, 0.5, 1}[variant], Seed: random.Uint64(), Layer: random.Uint32()}
					step, keys := random.Uint32(), roundKeys(s.Seed)
					for _, m := range []kernels.Mode{kernels.Overwrite, kernels.Accumulate} {
						y, x := newGuarded(n, n%4), newGuarded(n, variant)
						fillMixed(y.s, random)
						fillMixed(x.s, random)
						want := make([]float32, n)
						for i := range want {
							bits := s.DropoutBits(block+uint32(i/4), step)[i%4]
							if bits>>8 >= s.Threshold() {
								want[i] = x.s[i] * s.Scale()
							}
							if m == kernels.Accumulate {
								want[i] += y.s[i]
							}
						}
						before := slices.Clone(y.s)
						kept := make([]uint32, (n+31)/32+1)
						kept[len(kept)-1] = 12345
						k.dropout_f32(y.s, x.s, kept, &keys, block, step, s.Layer, s.Threshold(), s.Scale(), m)
						y.check(t, fmt.Sprintf("dropout of %d", n))
						for i := range want {
							if !within(y.s[i], want[i], 0) {
								t.Fatalf("dropout_f32 of %d, block %d, mode %v: %v at %d, want %v", n, block, m, y.s[i], i, want[i])
							}
						}
						if kept[len(kept)-1] != 12345 {
							t.Fatalf("dropout_f32 of %d writes past its bits", n)
						}
						copy(y.s, before)
						k.keep_f32(y.s, x.s, kept, s.Scale(), m)
						y.check(t, fmt.Sprintf("keep of %d", n))
						for i := range want {
							if !within(y.s[i], want[i], 0) {
								t.Fatalf("keep_f32 of %d, block %d, mode %v: %v at %d, want %v", n, block, m, y.s[i], i, want[i])
							}
						}
					}
					y := newGuarded(n, variant)
					k.uniform_f32(y.s, &keys, block, -0.5, 1.0/(1<<24))
					y.check(t, fmt.Sprintf("uniform of %d", n))
					for i, got := range y.s {
						bits := kernels.Philox([4]uint32{block + uint32(i/4), 0, 0, 1}, keys[0])[i%4]
						if want := kernels.UniformBits(bits) - 0.5; got != want {
							t.Fatalf("uniform_f32 of %d: %v at %d, want %v", n, got, i, want)
						}
					}
				}
			}
		})
	}
}

// TestDropoutKeepsWhatEqualsTheThreshold uses one of the bits as the threshold: only elements below
// it are dropped.
func TestDropoutKeepsWhatEqualsTheThreshold(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			k := vectorsOf(t, set)
			keys := roundKeys(5)
			for i := range 32 {
				threshold := kernels.Philox([4]uint32{uint32(i / 4), 2, 3, 0}, keys[0])[i%4] >> 8
				x, y := make([]float32, 32), make([]float32, 32)
				x[i] = 1
				k.dropout_f32(y, x, make([]uint32, 1), &keys, 0, 2, 3, threshold, 2, kernels.Overwrite)
				if y[i] != 2 {
					t.Errorf("element %d, whose bits are the threshold %d, is dropped", i, threshold)
				}
				k.dropout_f32(y, x, make([]uint32, 1), &keys, 0, 2, 3, threshold+1, 2, kernels.Overwrite)
				if y[i] != 0 {
					t.Errorf("element %d, whose bits are below the threshold %d, is kept", i, threshold+1)
				}
			}
		})
	}
}

// Masks are cached by layer: calls between a dropout and its gradient, even of the same layer at
// another step, must not change the mask.
func TestDropoutRemembersTheRightMask(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			d := open(t, set)
			const n = 70001 // several parts
			x := kernels.NewHost(kernels.Float32, n)
			for i := range kernels.Floats(x) {
				kernels.Floats(x)[i] = 1
			}
			y, dx, step := kernels.NewHost(kernels.Float32, n), kernels.NewHost(kernels.Float32, n), kernels.NewHost(kernels.Int32, 1)
			check := func(s kernels.DropoutSpec, at int32, got kernels.Buffer) {
				t.Helper()
				for i, v := range kernels.Floats(got)[:got.Len()] {
					want := float32(0)
					if s.DropoutBits(uint32(i/4), uint32(at))[i%4]>>8 >= s.Threshold() {
						want = s.Scale()
					}
					if v != want {
						t.Fatalf("layer %d, step %d: element %d is %v, want %v", s.Layer, at, i, v, want)
					}
				}
			}
			for at := range int32(3) {
				kernels.Ints(step)[0] = at
				for layer := range uint32(maxMasks + 8) { // more than are cached
					s := kernels.DropoutSpec{Rate: 0.5, Seed: 9, Layer: layer}
					d.Dropout(y, x, step, s)
					check(s, at, y)
					short := kernels.NewHost(kernels.Float32, 1000)
					d.Dropout(short, x.Slice(0, 1000), step, s)
					check(s, at, short)
				}
				for _, layer := range []uint32{0, 1, maxMasks, maxMasks + 7} {
					s := kernels.DropoutSpec{Rate: 0.5, Seed: 9, Layer: layer}
					d.DropoutGrad(dx, x, step, s, kernels.Overwrite)
					check(s, at, dx)
				}
				s := kernels.DropoutSpec{Rate: 0.25, Seed: 9, Layer: maxMasks + 7}
				d.DropoutGrad(dx, x, step, s, kernels.Overwrite)
				check(s, at, dx)
			}
			if len(d.masks) > maxMasks {
				t.Errorf("%d masks are remembered, at most %d should be", len(d.masks), maxMasks)
			}
		})
	}
}
