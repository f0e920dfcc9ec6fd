package cuda_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
)

// Every kernel computes every kind of product correctly: sizes that are no multiples of a tile,
// transposed factors, both modes, bias, ReLU, and K split into parts.
func TestLadder(t *testing.T) {
	d := checked(t).(*cuda.Device)
	defer d.Close()
	for _, name := range cuda.Ladder() {
		sizes := [][3]int{{1, 1, 1}, {3, 5, 0}, {17, 33, 7}, {33, 31, 9}, {65, 130, 20}, {40, 12, 530}, {33, 12, 1300}}
		if strings.Contains(name, "async") { // rows must be multiples of 16 bytes
			sizes = [][3]int{{4, 4, 1}, {8, 4, 0}, {16, 36, 7}, {36, 28, 9}, {132, 260, 20}, {40, 12, 530}, {40, 12, 1300}}
		}
		if name == "matmul_tf32_128x256" { // K must be, too
			sizes = [][3]int{{4, 4, 4}, {8, 4, 0}, {16, 36, 8}, {36, 28, 12}, {132, 260, 20}, {72, 68, 36}, {132, 260, 132}, {40, 12, 532}}
		}
		for i, size := range sizes {
			for transposes := range 4 {
				s := kernels.MatMulSpec{
					M: size[0], N: size[1], K: size[2], TransA: transposes&1 != 0, TransB: transposes&2 != 0,
					Mode: (i+transposes)%2 == 1, ReLU: i%2 == 1,
				}
				t.Run(fmt.Sprintf("%s/%+v", name, s), func(t *testing.T) {
					testRung(t, d, name, s, (i+transposes)%3 == 0)
				})
			}
		}
	}
}

func testRung(t *testing.T, d *cuda.Device, name string, s kernels.MatMulSpec, withBias bool) {
	random := rand.New(rand.NewPCG(1, 2))
	fill := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = random.Float32()*2 - 1
		}
		return x
	}
	a, b, bias, before := fill(s.M*s.K), fill(s.K*s.N), fill(s.N), fill(s.M*s.N)
	upload := func(x []float32) kernels.Buffer {
		buffer := d.Alloc(kernels.Float32, len(x))
		kernels.Upload(d, buffer, x)
		return buffer
	}
	c := upload(before)
	var biasBuffer kernels.Buffer
	if withBias {
		biasBuffer = upload(bias)
	}
	d.MatMulBy(name, c, upload(a), upload(b), biasBuffer, s)
	got := make([]float32, s.M*s.N)
	kernels.Download(d, got, c)

	// One rounding to float32 after each of K additions of numbers up to K; tensor cores add less
	// precisely. tf32 has 10 bits after the point, to which each factor is rounded, not truncated.
	unit, rounded := 0x1p-24, func(x float32) float32 { return x }
	if strings.Contains(name, "tf32") {
		unit = 0x1p-22
		rounded = func(x float32) float32 { return math.Float32frombits((math.Float32bits(x) + 1<<12) &^ (1<<13 - 1)) }
	}
	for i := range s.M {
		for j := range s.N {
			want, size := 0.0, 1.0
			for k := range s.K {
				product := float64(rounded(at(a, i, k, s.M, s.K, s.TransA))) * float64(rounded(at(b, k, j, s.K, s.N, s.TransB)))
				want += product
				size += math.Abs(product)
			}
			tolerance := size * unit * math.Sqrt(float64(s.K+4))
			if s.Mode == kernels.Accumulate {
				want += float64(before[i*s.N+j])
			}
			if withBias {
				want += float64(bias[j])
			}
			if s.ReLU {
				want = max(want, 0)
			}
			if difference := math.Abs(float64(got[i*s.N+j]) - want); !(difference <= tolerance) {
				t.Fatalf("C[%d,%d] is %v, want %v within %v", i, j, got[i*s.N+j], want, tolerance)
			}
		}
	}
}

// at returns element (row, column) of op(x), which is [rows, columns].
func at(x []float32, row, column, rows, columns int, transposed bool) float32 {
	if transposed {
		return x[column*rows+row]
	}
	return x[row*columns+column]
}

// MatMulBy refuses names that are not on the ladder, and sizes that a kernel can't take.
func TestMatMulByRefuses(t *testing.T) {
	d := checked(t).(*cuda.Device)
	defer d.Close()
	x := d.Alloc(kernels.Float32, 9)
	for name, want := range map[string]string{"matmul": "matmul_naive_f32", "matmul_async_128x128_f32": "it needs compute capability 8.0"} {
		func() {
			defer func() {
				if err, ok := recover().(*kernels.ShapeError); !ok || !strings.Contains(err.Error(), want) {
					t.Errorf("%s: %v, want a *kernels.ShapeError that says %q", name, err, want)
				}
			}()
			d.MatMulBy(name, x, x, x, nil, kernels.MatMulSpec{M: 3, N: 3, K: 3})
		}()
	}
}

// MatMul chooses larger tiles for larger products, and splits K if there are few tiles. Each choice
// gives the right result at one size.
func TestMatMulPicks(t *testing.T) {
	d := checked(t).(*cuda.Device)
	defer d.Close()
	for _, s := range []struct {
		m, n int
		tf32 bool
		want string
	}{
		{5, 10, false, "matmul_naive_f32"},
		{32, 10, false, "matmul_32x32_f32"},
		{512, 512, false, "matmul_32x32_f32"},
		{1024, 1024, false, "matmul_64x64_f32"},
		{1536, 1536, false, "matmul_async_128x128_f32"},
		{1537, 1537, false, "matmul_128x128_f32"}, // rows not aligned to 16 bytes
		{2048, 2048, false, "matmul_async_128x256_f32"},
		{60000, 10, false, "matmul_32x32_f32"},
		{2048, 2048, true, "matmul_tf32_128x256"},
		{1024, 1024, true, "matmul_tf32"},
		{2048, 10, true, "matmul_32x32_f32"},
		{1 << 30, 256, true, "matmul_tf32"}, // the wider tiles multiply by the bytes of a row in 32 bits
	} {
		d.TensorCores = s.tf32
		if got := d.Picks(s.m, s.n, 256); got != s.want {
			t.Errorf("for C[%d,%d], tensor cores %v: %s, want %s", s.m, s.n, s.tf32, got, s.want)
		}
	}
}
