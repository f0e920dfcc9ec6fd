package nn

import (
	"math"
	"slices"
	"strings"
	"testing"

	"baregrad/kernels"
)

// Means, variances and bounds of the values that initializers draw.
func TestInitializers(t *testing.T) {
	shape := []int{3, 3, 8, 48} // fans 72 and 432
	n := 3 * 3 * 8 * 48
	const cut = 2 / 0.87962566103423978 // the limit of truncated normal values with standard deviation 1
	for _, c := range []struct {
		name     string
		of       Initializer
		variance float64
		bound    float64 // the largest absolute value; 0 if unlimited
	}{
		{"random_uniform", nil, 0.05 * 0.05 / 3, 0.05},
		{"random_normal", nil, 0.05 * 0.05, 0},
		{"truncated_normal", nil, 0.05 * 0.05 * 0.87962566103423978 * 0.87962566103423978, 0.1},
		{"glorot_uniform", nil, 2.0 / 504, math.Sqrt(6.0 / 504)},
		{"glorot_normal", nil, 2.0 / 504, cut * math.Sqrt(2.0/504)},
		{"he_uniform", nil, 2.0 / 72, math.Sqrt(6.0 / 72)},
		{"he_normal", nil, 2.0 / 72, cut * math.Sqrt(2.0/72)},
		{"lecun_uniform", nil, 1.0 / 72, math.Sqrt(3.0 / 72)},
		{"lecun_normal", nil, 1.0 / 72, cut * math.Sqrt(1.0/72)},
		{"variance_scaling", nil, 1.0 / 72, cut * math.Sqrt(1.0/72)},
		{"scaled by the outputs", VarianceScaling{Scale: 3, Fan: FanOut, Uniform: true}, 3.0 / 432, math.Sqrt(9.0 / 432)},
		{"scaled by the mean", VarianceScaling{Scale: 0.5, Fan: FanMean}, 0.5 / 252, cut * math.Sqrt(0.5/252)},
		{"zeros", nil, 0, 1e-30},
	} {
		if c.of == nil {
			var err error
			if c.of, err = InitializerByName(c.name); err != nil {
				t.Fatal(err)
			}
		}
		values := make([]float32, n)
		c.of.Fill(Seed(3), values, shape)
		sum, squares, most := 0.0, 0.0, 0.0
		for _, v := range values {
			sum += float64(v)
			squares += float64(v) * float64(v)
			most = max(most, math.Abs(float64(v)))
		}
		mean, variance := sum/float64(n), squares/float64(n)
		// The mean of n draws varies by √(variance/n), and their variance by at most
		// √(2/n) of itself. Five times that never happens.
		if !(math.Abs(mean) <= 5*math.Sqrt(c.variance/float64(n))) || !(math.Abs(variance-c.variance) <= 5*c.variance*math.Sqrt(2/float64(n))) {
			t.Errorf("%s: mean %v, variance %v, want 0 and %v", c.name, mean, variance, c.variance)
		}
		if c.bound > 0 && (!(most <= c.bound*(1+1e-6)) || !(c.variance == 0 || most >= 0.98*c.bound)) {
			t.Errorf("%s: the farthest value is %v, want about %v and no more", c.name, most, c.bound)
		}
	}
}

// The columns of an orthogonal kernel, or its rows, are orthonormal. An identity kernel
// is the identity.
func TestOrthogonalAndIdentity(t *testing.T) {
	for _, shape := range [][]int{{5, 5}, {40, 7}, {7, 40}, {3, 3, 2, 10}, {1, 3}} {
		columns := shape[len(shape)-1]
		rows := 1
		for _, size := range shape[:len(shape)-1] {
			rows *= size
		}
		values := make([]float32, rows*columns)
		Orthogonal{Gain: 3}.Fill(Seed(1), values, shape)
		count, length, at := columns, rows, func(i, j int) float64 { return float64(values[j*columns+i]) }
		if rows < columns {
			count, length, at = rows, columns, func(i, j int) float64 { return float64(values[i*columns+j]) }
		}
		for a := range count {
			for b := range count {
				dot, want := 0.0, 0.0
				for j := range length {
					dot += at(a, j) * at(b, j)
				}
				if a == b {
					want = 9
				}
				if !(math.Abs(dot-want) <= 1e-5) { // float32 rounds each product of the 40 by 6e-8 of at most 9
					t.Errorf("%v: vectors %d and %d have the product %v, want %v", shape, a, b, dot, want)
				}
			}
		}
	}
	for _, c := range []struct {
		shape []int
		want  []float32
	}{{[]int{2, 2}, []float32{2, 0, 0, 2}}, {[]int{2, 3}, []float32{2, 0, 0, 0, 2, 0}}, {[]int{3, 2}, []float32{2, 0, 0, 2, 0, 0}}, {[]int{3, 1}, []float32{2, 0, 0}}} {
		values := slices.Repeat([]float32{7}, len(c.want))
		Identity{Gain: 2}.Fill(nil, values, c.shape)
		if !slices.Equal(values, c.want) {
			t.Errorf("identity of %v is %v, want %v", c.shape, values, c.want)
		}
	}
}

// Settings and shapes that an initializer can't use are programming mistakes.
func TestInitializersRefuse(t *testing.T) {
	for _, c := range []struct {
		of    Initializer
		shape []int
		want  string
	}{
		{Identity{}, []int{4}, "identity initializer: the shape [4] must have two axes"},
		{Orthogonal{}, []int{4}, "orthogonal initializer: the shape [4] must have at least two axes"},
		{VarianceScaling{Fan: FanMean + 1}, []int{2, 2}, "variance scaling initializer: the fan is 3, must be FanIn, FanOut or FanMean"},
		{VarianceScaling{Fan: -1}, []int{2, 2}, "the fan is -1"},
	} {
		func() {
			defer func() {
				if e, ok := recover().(*kernels.ShapeError); !ok || !strings.Contains(e.Error(), c.want) {
					t.Errorf("%T: panic %v, want a *kernels.ShapeError with %q", c.of, e, c.want)
				}
			}()
			c.of.Fill(Seed(1), make([]float32, 4), c.shape)
		}()
	}
}
