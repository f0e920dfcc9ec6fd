package kernels_test

import (
	"math"
	"testing"

	"baregrad/kernels"
)

// argument is one of the buffers that a check expects, by the name that its error gives it.
type argument struct {
	part     string
	elements kernels.Type
	n        int
	optional bool // may be nil
	longer   bool // may have more elements than n
}

func floats(part string, n int) argument { return argument{part: part, n: n} }

func ints(part string, n int) argument { return argument{part: part, elements: kernels.Int32, n: n} }

func (a argument) orNil() argument {
	a.optional = true
	return a
}

func (a argument) orLonger() argument {
	a.longer = true
	return a
}

// A checkCase is a call of a check that accepts exactly the given arguments.
type checkCase struct {
	name, op  string
	arguments []argument
	call      func(b []kernels.Buffer)
}

// The checks accept buffers of the right sizes and types and refuse any other, naming the operation
// and the part that is wrong. All sizes differ, so that none can stand for another.
func TestChecks(t *testing.T) {
	for _, c := range append(checksOfSpecs(), checksOfOptimizers()...) {
		right := make([]kernels.Buffer, len(c.arguments))
		for i, a := range c.arguments {
			right[i] = kernels.NewHost(a.elements, a.n)
		}
		c.call(right)
		for i, a := range c.arguments {
			with := func(wrong kernels.Buffer) func() {
				changed := append([]kernels.Buffer(nil), right...)
				changed[i] = wrong
				return func() { c.call(changed) }
			}
			want := c.op + ": the " + a.part
			panics(t, c.name+", too short", want, with(kernels.NewHost(a.elements, a.n-1)))
			panics(t, c.name+", of another type", want, with(kernels.NewHost(kernels.Uint8, a.n)))
			if a.longer {
				with(kernels.NewHost(a.elements, a.n+1))()
			} else {
				panics(t, c.name+", too long", want, with(kernels.NewHost(a.elements, a.n+1)))
			}
			if a.optional {
				with(nil)()
			} else {
				panics(t, c.name+", missing", want, with(nil))
			}
		}
	}
}

var (
	someConv = kernels.ConvSpec{N: 2, H: 5, W: 7, C: 3, KH: 2, KW: 4, Out: 11, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, OH: 6, OW: 8, ReLU: true}
	// Its last windows begin in the image's last row and column.
	somePool     = kernels.PoolSpec{N: 2, H: 6, W: 8, C: 11, KH: 2, KW: 3, StrideH: 2, StrideW: 3, PadTop: 1, PadLeft: 2, OH: 4, OW: 4}
	someConvPool = kernels.ConvPoolSpec{Conv: someConv, Pool: somePool}
)

func checksOfSpecs() []checkCase {
	type B = []kernels.Buffer
	broadcast := kernels.BroadcastSpec{Rank: 2, Dim: [6]int{2, 3}, A: [6]int{1, 0}, B: [6]int{0, 1}} // [2,1] and [3]
	permute := kernels.PermuteSpec{Rank: 2, Dim: [6]int{2, 3}, Stride: [6]int{1, 2}}
	product := kernels.MatMulSpec{M: 2, N: 3, K: 5}
	reduce := kernels.ReduceSpec{Outer: 2, N: 3, Inner: 5}
	const rows, cols = 2, 3
	x, w, y := 2*5*7*3, 2*4*3*11, 2*4*4*11 // of someConv and somePool
	convPool := []argument{floats("pooled", y), ints("argmax", y), floats("input", x), floats("filter", w)}
	convPoolGrad := append([]argument{floats("gradient by the filter", w).orNil(), floats("bias", 11).orNil(), floats("gradient of the pooled", y)}, convPool...)
	return []checkCase{
		{"broadcast", "add", []argument{floats("output", 6), floats("first operand", 2), floats("second operand", 3)},
			func(b B) { broadcast.Check("add", b[0], b[1], b[2]) }},
		{"gradients of a broadcast", "add", []argument{floats("first operand's gradient", 2).orNil(), floats("second operand's gradient", 3).orNil(), floats("output's gradient", 6)},
			func(b B) { broadcast.CheckGrad("add", b[0], b[1], b[2]) }},
		{"permutation", "permute", []argument{floats("output", 6), floats("input", 6)}, func(b B) { permute.Check("permute", b[0], b[1]) }},
		{"product", "matmul", []argument{floats("C", 6), floats("A", 10), floats("B", 15), floats("bias", 3).orNil()},
			func(b B) { product.Check(b[0], b[1], b[2], b[3]) }},
		{"sampled product", "sampled matmul", []argument{floats("C", 6), floats("A", 10), floats("B", 15), floats("gate", 6)},
			func(b B) { product.CheckSampled(b[0], b[1], b[2], b[3]) }},
		{"convolution", "conv", []argument{floats("output", 2*6*8*11), floats("input", x), floats("filter", w), floats("bias", 11).orNil()},
			func(b B) { someConv.Check("conv", b[0], b[1], b[2], b[3]) }},
		{"im2col", "im2col", []argument{floats("column matrix", 2*6*8*2*4*3), floats("input", x)},
			func(b B) { someConv.CheckCol("im2col", b[0], b[1]) }},
		{"average pooling", "pool", []argument{floats("output", y), floats("input", 2*6*8*11)},
			func(b B) { somePool.Check("pool", b[0], nil, b[1]) }},
		{"max pooling", "pool", []argument{floats("output", y), ints("argmax", y), floats("input", 2*6*8*11)},
			func(b B) { somePool.CheckMax("pool", b[0], b[1], b[2]) }},
		{"pooling with positions", "pool", []argument{floats("output", y), ints("argmax", y).orNil(), floats("input", 2*6*8*11)},
			func(b B) { somePool.Check("pool", b[0], b[1], b[2]) }},
		{"pooling of a ReLU", "pool", []argument{floats("input", 2*6*8*11), floats("bias", 11).orNil(), floats("output", y), floats("pooled", y), ints("argmax", y)},
			func(b B) { somePool.CheckBiasReLU("pool", b[0], b[1], b[2], b[3], b[4]) }},
		{"pooled convolution", "conv", append(convPool[:4:4], floats("bias", 11).orNil()),
			func(b B) { someConvPool.Check("conv", b[0], b[1], b[2], b[3], b[4]) }},
		{"gradients of a pooled convolution", "conv", append(convPoolGrad[:7:7], floats("gradient by the input", x).orNil()),
			func(b B) { someConvPool.CheckGrad("conv", b[7], b[0], b[1], b[2], b[3], b[4], b[5], b[6]) }},
		{"gradients of a pooled convolution after a bias", "conv", append(convPoolGrad[:7:7], floats("gradient by the input", x), floats("gradient by the input's bias", 3).orNil()),
			func(b B) { someConvPool.CheckGradBelow("conv", b[7], b[8], b[0], b[1], b[2], b[3], b[4], b[5], b[6]) }},
		{"sum", "sum", []argument{floats("reduced", 10), floats("whole", 30)}, func(b B) { reduce.Check("sum", b[0], kernels.Float32, b[1]) }},
		{"maximum", "max", []argument{floats("reduced", 10).orNil(), ints("reduced", 10), floats("whole", 30)},
			func(b B) { reduce.CheckMax("max", b[0], b[1], b[2]) }},
		{"matrices", "tanh", []argument{floats("matrix", 6), floats("matrix", 6)}, func(b B) { kernels.CheckRows("tanh", rows, cols, b...) }},
		{"ReLU of a bias", "relu", []argument{floats("matrix", 6), floats("bias", 3).orNil(), floats("matrix", 6), floats("matrix", 6)},
			func(b B) { kernels.CheckBiasReLU("relu", b[0], b[1], b[2], b[3], rows, cols) }},
		{"batch normalization", "norm", []argument{floats("matrix", 6), floats("matrix", 6), floats("mean", 3), floats("variance", 3), floats("gamma", 3).orNil(), floats("beta", 3).orNil()},
			func(b B) {
				kernels.CheckBatchNorm("norm", rows, cols, [2]kernels.Buffer(b), [2]kernels.Buffer(b[2:]), [2]kernels.Buffer(b[4:]))
			}},
		{"layer normalization", "norm", []argument{floats("matrix", 6), floats("matrix", 6), floats("mean", 2), floats("inverse deviation", 2), floats("gamma", 3).orNil(), floats("beta", 3).orNil()},
			func(b B) { kernels.CheckLayerNorm("norm", rows, cols, [2]kernels.Buffer(b), b[2], b[3], b[4], b[5]) }},
		{"gradients of layer normalization", "norm", []argument{floats("matrix", 6).orNil(), floats("gamma", 3).orNil(), floats("beta", 3).orNil(), floats("matrix", 6), floats("matrix", 6), floats("mean", 2), floats("inverse deviation", 2), floats("gamma", 3).orNil()},
			func(b B) {
				kernels.CheckLayerNormGrad("norm", rows, cols, b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7])
			}},
		{"loss with classes", "loss", []argument{floats("loss", 2), floats("input", 6), ints("labels", 2)},
			func(b B) { kernels.CheckLoss("loss", b[0], b[1], b[2], rows, cols) }},
		{"loss with probabilities", "loss", []argument{floats("loss", 2), floats("input", 6), floats("labels", 6)},
			func(b B) { kernels.CheckLoss("loss", b[0], b[1], b[2], rows, cols) }},
		{"loss with targets", "loss", []argument{floats("loss", 2), floats("input", 6), floats("targets", 6)},
			func(b B) { kernels.CheckTargets("loss", b[0], b[1], b[2], rows, cols) }},
		{"accuracy", "accuracy", []argument{floats("loss", 2), floats("input", 6), ints("labels", 2)},
			func(b B) { kernels.CheckAccuracy(b[0], b[1], b[2], rows, cols) }},
		{"dropout", "dropout", []argument{floats("operand", 6), floats("operand", 6), ints("step", 1)},
			func(b B) { kernels.DropoutSpec{Rate: 1}.Check("dropout", b[0], b[1], b[2]) }},
	}
}

func checksOfOptimizers() []checkCase {
	type B = []kernels.Buffer
	product := kernels.MatMulSpec{M: 2, N: 3, K: 5}
	operand, rate := floats("operand", 6), floats("rate", 1).orLonger()
	sgd, momentum := kernels.SGDSpec{}, kernels.SGDSpec{Momentum: 0.5}
	plain, full := kernels.RMSpropSpec{}, kernels.RMSpropSpec{Momentum: 0.5, Centered: true}
	factors := []argument{floats("C", 6), floats("A", 10), floats("B", 15), floats("weights", 6)}
	// As the weights have the gradient's size, a wrong velocity, mean or moment is what is left.
	return []checkCase{
		{"SGD", "sgd", []argument{operand, operand, rate}, func(b B) { sgd.Check(b[0], b[1], nil, b[2]) }},
		{"SGD with momentum", "sgd", []argument{operand, operand, floats("velocity", 6), rate}, func(b B) { momentum.Check(b[0], b[1], b[2], b[3]) }},
		{"RMSprop", "rmsprop", []argument{operand, operand, operand, rate}, func(b B) { plain.Check(b[0], b[1], b[2], nil, nil, b[3]) }},
		{"RMSprop, centered, with momentum", "rmsprop", []argument{operand, operand, operand, floats("mean gradient", 6), floats("moment", 6), rate},
			func(b B) { full.Check(b[0], b[1], b[2], b[3], b[4], b[5]) }},
		{"Adam", "adam", []argument{operand, operand, operand, operand, floats("rate", 2).orLonger()},
			func(b B) { kernels.AdamSpec{}.Check(b[0], b[1], b[2], b[3], b[4]) }},
		{"product and SGD", "matmul update", append(factors[:4:4], floats("velocity", 6), rate), func(b B) {
			product.CheckUpdate(&kernels.SGDUpdate{W: b[3], V: b[4], Rate: b[5], Spec: momentum}, b[0], b[1], b[2])
		}},
		{"product and RMSprop", "matmul update", append(factors[:4:4], operand, floats("mean gradient", 6), floats("moment", 6), rate), func(b B) {
			product.CheckUpdate(&kernels.RMSpropUpdate{W: b[3], V: b[4], Mean: b[5], Moment: b[6], Rate: b[7], Spec: full}, b[0], b[1], b[2])
		}},
		{"product and Adam", "matmul update", append(factors[:4:4], operand, operand, floats("rate", 2).orLonger()), func(b B) {
			product.CheckUpdate(&kernels.AdamUpdate{W: b[3], M: b[4], V: b[5], Rate: b[6]}, b[0], b[1], b[2])
		}},
	}
}

// What is wrong in itself, whatever the buffers, is refused with the value and what it must be.
func TestChecksRefuse(t *testing.T) {
	f := func(n int) kernels.Buffer { return kernels.NewHost(kernels.Float32, n) }
	i := func(n int) kernels.Buffer { return kernels.NewHost(kernels.Int32, n) }
	u := func(n int) kernels.Buffer { return kernels.NewHost(kernels.Uint8, n) }
	none := [2]kernels.Buffer{f(0), f(0)}
	conv := func(change func(s *kernels.ConvSpec)) func() {
		s := someConv
		change(&s)
		return func() { s.Check("conv", nil, nil, nil, nil) }
	}
	pool := func(change func(s *kernels.PoolSpec)) func() {
		s := somePool
		change(&s)
		return func() { s.Check("pool", nil, nil, nil) }
	}
	convPool := func(change func(s *kernels.ConvPoolSpec)) func() {
		s := someConvPool
		change(&s)
		return func() { s.Check("conv", nil, nil, nil, nil, nil) }
	}
	dropout := func(rate float64) func() {
		return func() { kernels.DropoutSpec{Rate: float32(rate)}.Check("dropout", f(1), f(1), i(1)) }
	}
	update := func(s kernels.MatMulSpec) func() {
		s.M, s.N, s.K = 1, 1, 1
		return func() { s.CheckUpdate(&kernels.SGDUpdate{W: f(1), Rate: f(1)}, f(1), f(1), f(1)) }
	}
	gather := func(dst, src kernels.Buffer) func() {
		return func() { kernels.GatherSpec{Rows: 2, Width: 3}.Check(dst, src, i(2), i(1)) }
	}
	advance := func(counters, by int, rate, table kernels.Buffer) func() {
		return func() { kernels.CheckAdvance(i(counters), i(by), rate, table) }
	}
	for _, c := range []struct {
		want string // empty if it is accepted
		call func()
	}{
		{"norm: 0 rows", func() { kernels.CheckBatchNorm("norm", 0, 3, none, [2]kernels.Buffer{f(3), f(3)}, [2]kernels.Buffer{}) }},
		{"", func() { kernels.CheckBatchNorm("norm", 1, 0, none, none, [2]kernels.Buffer{}) }},
		{"norm: 0 columns", func() { kernels.CheckLayerNorm("norm", 3, 0, none, f(3), f(3)) }},
		{"", func() { kernels.CheckLayerNorm("norm", 0, 1, none, f(0), f(0)) }},
		{"accuracy: 0 columns", func() { kernels.CheckAccuracy(f(3), f(0), i(3), 3, 0) }},
		{"", func() { kernels.CheckAccuracy(f(0), f(0), i(0), 0, 1) }},
		{"max: the axis has 0 elements", func() { kernels.ReduceSpec{Outer: 2, Inner: 2}.CheckMax("max", f(4), i(4), f(0)) }},
		{"", func() { kernels.ReduceSpec{Outer: 2, N: 1, Inner: 2}.CheckMax("max", f(4), i(4), f(4)) }},
		{"", dropout(0)}, {"", dropout(0.5)}, {"", dropout(1)},
		{"dropout: the rate is -0.5, must be from 0 to 1", dropout(-0.5)},
		{"dropout: the rate is 1.5, must be from 0 to 1", dropout(1.5)},
		{"dropout: the rate is NaN, must be from 0 to 1", dropout(math.NaN())},
		{"conv: StrideH is 0, must be at least 1", conv(func(s *kernels.ConvSpec) { s.StrideH = 0 })},
		{"conv: StrideW is -1, must be at least 1", conv(func(s *kernels.ConvSpec) { s.StrideW = -1 })},
		{"conv: DilationH is 0, must be at least 1", conv(func(s *kernels.ConvSpec) { s.DilationH = 0 })},
		{"conv: DilationW is 0, must be at least 1", conv(func(s *kernels.ConvSpec) { s.DilationW = 0 })},
		{"im2col: StrideH is 0", func() { kernels.ConvSpec{}.CheckCol("im2col", nil, nil) }},
		{"pool: strides 0×3, must be at least 1", pool(func(s *kernels.PoolSpec) { s.StrideH = 0 })},
		{"pool: strides 2×0, must be at least 1", pool(func(s *kernels.PoolSpec) { s.StrideW = 0 })},
		{"pool: 4×4 windows of 2×3, strides 2×3, padding 1 above and 2 left: some lie outside the image of 5×8", pool(func(s *kernels.PoolSpec) { s.H-- })},
		{"pool: 4×5 windows of 2×3, strides 2×3, padding 1 above and 2 left: some lie outside the image of 6×8", pool(func(s *kernels.PoolSpec) { s.OW++ })},
		{"", func() { // strides of 1 are the least
			kernels.PoolSpec{N: 1, H: 1, W: 1, C: 1, KH: 1, KW: 1, StrideH: 1, StrideW: 1, OH: 1, OW: 1}.Check("pool", f(1), nil, f(1))
		}},
		{"conv: a convolution to [2 6 8 11], ReLU false, and a pooling of [2 6 8 11]", convPool(func(s *kernels.ConvPoolSpec) { s.Conv.ReLU = false })},
		{"conv: a convolution to [2 5 8 11], ReLU true, and a pooling of [2 6 8 11]", convPool(func(s *kernels.ConvPoolSpec) { s.Conv.OH = 5 })},
		{"conv: a convolution to [2 6 8 11], ReLU true, and a pooling of [2 6 9 11]", convPool(func(s *kernels.ConvPoolSpec) { s.Pool.W = 9 })},
		{"conv: StrideH is 0", convPool(func(s *kernels.ConvPoolSpec) { s.Conv.StrideH = 0 })},
		{"conv: strides 0×3", convPool(func(s *kernels.ConvPoolSpec) { s.Pool.StrideH = 0 })},
		{"", update(kernels.MatMulSpec{})},
		{"matmul update: the mode is Accumulate, must be Overwrite", update(kernels.MatMulSpec{Mode: kernels.Accumulate})},
		{"matmul update: ReLU is set, must not be", update(kernels.MatMulSpec{ReLU: true})},
		{"matmul update: the update is missing", func() { kernels.MatMulSpec{M: 1, N: 1, K: 1}.CheckUpdate(nil, f(1), f(1), f(1)) }},
		{"", gather(f(6), u(12))}, {"", gather(f(6), f(12))}, {"", gather(i(6), i(12))},
		{"gather: from int32 to float32: it goes from", gather(f(6), i(12))},
		{"gather: from uint8 to int32: it goes from", gather(i(6), u(12))},
		{"gather: from uint8 to uint8: it goes from", gather(u(6), u(12))},
		{"gather: 11 source elements are no whole rows of 3", gather(f(6), f(11))},
		{"gather: the source is missing", gather(f(6), nil)},
		{"gather: the destination is missing", gather(nil, f(12))},
		{"gather: the destination is 5 float32, must be 6 float32", gather(f(5), f(12))},
		{"gather: the index is missing", func() { kernels.GatherSpec{Rows: 2, Width: 3}.Check(f(6), f(12), nil, i(1)) }},
		{"gather: the index is 2 float32, must be 2 int32", func() { kernels.GatherSpec{Rows: 2, Width: 3}.Check(f(6), f(12), f(2), i(1)) }},
		{"gather: the cursor is 2 int32, must be 1 int32", func() { kernels.GatherSpec{Rows: 2, Width: 3}.Check(f(6), f(12), i(2), i(2)) }},
		{"", func() { kernels.GatherSpec{Rows: 2}.Check(f(0), f(0), i(2), i(1)) }},
		{"", advance(1, 1, nil, nil)}, {"", advance(32, 32, nil, nil)}, {"", advance(1, 1, f(1), f(5))}, {"", advance(1, 1, f(32), f(64))},
		{"advance: there are 0 counters, must be from 1 to 32", advance(0, 0, nil, nil)},
		{"advance: there are 33 counters, must be from 1 to 32", advance(33, 33, nil, nil)},
		{"advance: the steps is 2 int32, must be 1 int32", advance(1, 2, nil, nil)},
		{"advance: the counters is 1 float32, must be 1 int32", func() { kernels.CheckAdvance(f(1), i(1), nil, nil) }},
		{"advance: there are 0 rates, must be from 1 to 32", advance(1, 1, f(0), f(0))},
		{"advance: there are 33 rates, must be from 1 to 32", advance(1, 1, f(33), f(66))},
		{"advance: the rates is missing", advance(1, 1, nil, f(4))},
		{"advance: the table is missing", advance(1, 1, f(2), nil)},
		{"advance: the table is 5 float32, must be 4 float32", advance(1, 1, f(2), f(5))},
		{"advance: the table is 4 int32, must be 4 float32", advance(1, 1, f(2), i(4))},
		{"advance: the rates is 2 int32, must be 2 float32", advance(1, 1, i(2), f(4))},
	} {
		if c.want == "" {
			c.call()
			continue
		}
		panics(t, c.want, c.want, c.call)
	}
	if rows := kernels.CheckAdvance(i(1), i(1), nil, nil); rows != 0 {
		t.Errorf("no table has %d rows", rows)
	}
	if rows := kernels.CheckAdvance(i(1), i(1), f(2), f(6)); rows != 3 {
		t.Errorf("a table of 6 values for 2 rates has %d rows, want 3", rows)
	}
}
