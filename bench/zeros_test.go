package bench

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"baregrad/kernels"
)

func floats(d kernels.Device, b kernels.Buffer, n int) []float32 {
	values := make([]float32, n)
	d.Read(kernels.Bytes(values), b)
	return values
}

// The operands have the sizes of their products and the contents that their names say.
func TestSparseProducts(t *testing.T) {
	data, err := network(t, "mnist-mlp").Data(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range SparseProducts() {
		if p.Of != digits {
			continue // tested below
		}
		values, err := p.Operand(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(values) != p.M*p.K {
			t.Errorf("%v: %d values, want %d", p, len(values), p.M*p.K)
		}
		for i, v := range values {
			if math.Round(float64(v)*255) != float64(data.Pixels[i]) {
				t.Fatalf("%v: value %d is %v, the pixel %d", p, i, v, data.Pixels[i])
			}
		}
	}
	// A transposed holds the same images, and its product equals the reference's.
	d := open(t, "auto")
	for _, transposed := range []bool{false, true} {
		p := SparseProduct{Product{5, 3, 784}, transposed, digits}
		if transposed {
			p.Product = Product{784, 3, 5}
		}
		m, share, err := NewSparseMultiplier(t.Context(), d, p)
		if err != nil {
			t.Fatal(err)
		}
		m.Run()
		a, b, c := floats(d, m.a, p.M*p.K), floats(d, m.b, p.K*p.N), floats(d, m.c, p.M*p.N)
		m.Close()
		nonzero := len(a) - len(slices.DeleteFunc(slices.Clone(a), func(v float32) bool { return v != 0 }))
		if want := float64(nonzero) / float64(len(a)); !(math.Abs(share-want) <= 1e-9) || !(share > 0.1 && share < 0.3) {
			t.Errorf("%v: %v of A is not zero, want %v", p, share, want)
		}
		for i := range p.M {
			for j := range p.N {
				want := 0.0
				for k := range p.K {
					at := i*p.K + k
					if transposed {
						at = k*p.M + i
					}
					want += float64(a[at]) * float64(b[k*p.N+j])
				}
				// About 784 products of at most 1 are added in float32.
				if got := float64(c[i*p.N+j]); !(math.Abs(got-want) <= 1e-4) {
					t.Fatalf("%v: element (%d, %d) is %v, want %v", p, i, j, got, want)
				}
			}
		}
	}
}

// The input of mnist-cnn's first dense layer is not negative, and dropout keeps three quarters of it.
func TestFlattened(t *testing.T) {
	n := network(t, "mnist-cnn")
	from, err := n.middle(t.Context(), 0) // after one step, which is enough here
	if err != nil {
		t.Fatal(err)
	}
	const samples = 4
	values, err := flattened(t.Context(), n, from, samples)
	if err != nil {
		t.Fatal(err)
	}
	if len(values) != samples*9216 || slices.Min(values) < 0 {
		t.Errorf("%d values from %v on, want %d from 0 on", len(values), slices.Min(values), samples*9216)
	}
	nonzero := 0
	for _, v := range values {
		if v > 0 {
			nonzero++
		}
	}
	if share := float64(nonzero) / float64(len(values)); !(share > 0.05 && share < 0.75) {
		t.Errorf("%.3f of the values are not zero", share)
	}
}

func TestSparseTable(t *testing.T) {
	r := &Report{}
	p := SparseProduct{Product{7, 3, 5}, true, digits}
	for _, c := range []struct {
		pace float64
		rows int
	}{{1, 0}, {1e9, 1}} {
		s := &seat{Config: Config{"reference", 1}, device: open(t, "reference"), pace: c.pace}
		o := Options{Budget: time.Nanosecond, Slowest: time.Second, Progress: func(string) {}}
		if err := r.sparse(t.Context(), []*seat{s}, p, o); err != nil {
			t.Fatal(err)
		}
		if len(r.Sparse) != c.rows {
			t.Fatalf("at %v operations a second there are %d rows, want %d", c.pace, len(r.Sparse), c.rows)
		}
	}
	if len(r.Left) != 1 || !strings.Contains(r.Left[0], "product 7×3×5, A transposed: MNIST pixels, which would take") {
		t.Errorf("left out: %q", r.Left)
	}
	// The first five rows of seven pixels are the top edge of the first image: empty.
	if text := r.Markdown(nil); !strings.Contains(text, "| 7×3×5, A transposed: MNIST pixels, 0 % | ") || !strings.Contains(text, r.SparseProducts().Note) {
		t.Errorf("the page has no row of the product:\n%s", text)
	}
}
