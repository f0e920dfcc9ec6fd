package kernels

// A spec says what a call computes: its sizes and its options. Specs are plain
// values, computed once when a tape records an operation. Their check methods are
// the one place that compares them with the sizes of buffers. Every device calls
// these first.

// Mode says whether a gradient kernel overwrites its output or adds to it.
// Gradients accumulate: in each training step the first contribution to a gradient
// overwrites it and every later one adds to it. This saves the pass over memory that
// would set it to zero first.
type Mode bool

const (
	Overwrite  Mode = false // dx = …
	Accumulate Mode = true  // dx += …
)

// MatMulSpec describes C[M,N] = op(A)[M,K] · op(B)[K,N], and what follows the
// product: first the old C is added (Accumulate), then the bias, then ReLU.
type MatMulSpec struct {
	M, N, K int
	TransA  bool // A is stored as [K,M]
	TransB  bool // B is stored as [N,K]
	Mode    Mode // Accumulate: C += …
	ReLU    bool // C = max(C, 0), after the bias
}

// Check panics unless the buffers have the sizes given by s. bias may be nil.
func (s MatMulSpec) Check(c, a, b, bias Buffer) {
	s.check("matmul", c, a, b)
	if bias != nil {
		Want("matmul", "bias", bias, Float32, s.N)
	}
}

// CheckSampled is Check for a product that is needed only where gate is above 0.
func (s MatMulSpec) CheckSampled(c, a, b, gate Buffer) {
	s.check("sampled matmul", c, a, b)
	Want("sampled matmul", "gate", gate, Float32, s.M*s.N)
}

// CheckUpdate is Check for a gradient g that is followed by the optimizer's step u. The
// spec must be a plain product, and u's buffers must fit g.
func (s MatMulSpec) CheckUpdate(u Update, g, a, b Buffer) {
	const op = "matmul update"
	s.check(op, g, a, b)
	if s.Mode != Overwrite {
		Panicf(op, "the mode is Accumulate, must be Overwrite: the step is by the product alone")
	}
	if s.ReLU {
		Panicf(op, "ReLU is set, must not be: the step is by the product itself")
	}
	checkUpdate(op, u, g)
}

func (s MatMulSpec) check(op string, c, a, b Buffer) {
	Want(op, "C", c, Float32, s.M*s.N)
	Want(op, "A", a, Float32, s.M*s.K)
	Want(op, "B", b, Float32, s.K*s.N)
}

// ConvSpec describes a two-dimensional convolution (a cross-correlation, as in
// every deep-learning library) of images x[N,H,W,C] with filters w[KH,KW,C,Out]
// to y[N,OH,OW,Out]:
//
//	y[n,i,j,o] = Σ over u,v,c of x[n, i·StrideH+u·DilationH−PadTop, j·StrideW+v·DilationW−PadLeft, c] · w[u,v,c,o]
//
// where x is 0 outside the image. All strides and dilations are at least 1.
// The device may form or skip products with those zeros. It makes a difference
// only if w or dy contains a NaN or an infinity.
type ConvSpec struct {
	N, H, W, C           int
	KH, KW, Out          int
	StrideH, StrideW     int
	DilationH, DilationW int
	PadTop, PadLeft      int
	OH, OW               int
	ReLU                 bool // y = max(y, 0), after the bias
}

// Rows is the number of rows of the im2col matrix: one for each output position.
func (s ConvSpec) Rows() int { return s.N * s.OH * s.OW }

// Cols is the number of columns of the im2col matrix: the length of one patch.
func (s ConvSpec) Cols() int { return s.KH * s.KW * s.C }

// Check panics unless the buffers have the sizes given by s. bias may be nil.
func (s ConvSpec) Check(op string, y, x, w, bias Buffer) {
	s.checkSteps(op)
	Want(op, "output", y, Float32, s.N*s.OH*s.OW*s.Out)
	Want(op, "input", x, Float32, s.N*s.H*s.W*s.C)
	Want(op, "filter", w, Float32, s.KH*s.KW*s.C*s.Out)
	if bias != nil {
		Want(op, "bias", bias, Float32, s.Out)
	}
}

// CheckCol panics unless col is the im2col matrix [N·OH·OW, KH·KW·C] of x.
func (s ConvSpec) CheckCol(op string, col, x Buffer) {
	s.checkSteps(op)
	Want(op, "input", x, Float32, s.N*s.H*s.W*s.C)
	Want(op, "column matrix", col, Float32, s.Rows()*s.Cols())
}

func (s ConvSpec) checkSteps(op string) {
	for _, v := range []struct {
		name  string
		value int
	}{{"StrideH", s.StrideH}, {"StrideW", s.StrideW}, {"DilationH", s.DilationH}, {"DilationW", s.DilationW}} {
		if v.value < 1 {
			Panicf(op, "%s is %d, must be at least 1", v.name, v.value)
		}
	}
}

// PoolSpec describes pooling of images x[N,H,W,C] to y[N,OH,OW,C] over windows of
// KH×KW, with strides StrideH and StrideW. The first window begins PadTop rows above
// and PadLeft columns left of the image. Padding never wins a maximum and is not
// counted in an average.
type PoolSpec struct {
	N, H, W, C       int
	KH, KW           int
	StrideH, StrideW int
	PadTop, PadLeft  int
	OH, OW           int
}

// CheckMax is Check for max pooling, where arg holds the position of each
// window's maximum.
func (s PoolSpec) CheckMax(op string, y, arg, x Buffer) {
	Want(op, "argmax", arg, Int32, s.N*s.OH*s.OW*s.C)
	s.Check(op, y, arg, x)
}

// CheckBiasReLU is CheckMax for the gradient of max pooling that follows a bias and a
// ReLU. dbias may be nil.
func (s PoolSpec) CheckBiasReLU(op string, dx, dbias, dy, y, arg Buffer) {
	s.CheckMax(op, dy, arg, dx)
	Want(op, "pooled", y, Float32, s.N*s.OH*s.OW*s.C)
	if dbias != nil {
		Want(op, "bias", dbias, Float32, s.C)
	}
}

// Check panics unless the buffers have the sizes given by s. arg is nil for
// average pooling.
func (s PoolSpec) Check(op string, y, arg, x Buffer) {
	s.checkWindows(op)
	Want(op, "output", y, Float32, s.N*s.OH*s.OW*s.C)
	if arg != nil {
		Want(op, "argmax", arg, Int32, s.N*s.OH*s.OW*s.C)
	}
	Want(op, "input", x, Float32, s.N*s.H*s.W*s.C)
}

// checkWindows panics unless every window overlaps the image.
func (s PoolSpec) checkWindows(op string) {
	if s.StrideH < 1 || s.StrideW < 1 {
		Panicf(op, "strides %d×%d, must be at least 1", s.StrideH, s.StrideW)
	}
	// A window that lies entirely in the padding has no maximum and no mean.
	if s.PadTop < 0 || s.PadTop >= s.KH || (s.OH-1)*s.StrideH-s.PadTop >= s.H ||
		s.PadLeft < 0 || s.PadLeft >= s.KW || (s.OW-1)*s.StrideW-s.PadLeft >= s.W {
		Panicf(op, "%d×%d windows of %d×%d, strides %d×%d, padding %d above and %d left: some lie outside the image of %d×%d",
			s.OH, s.OW, s.KH, s.KW, s.StrideH, s.StrideW, s.PadTop, s.PadLeft, s.H, s.W)
	}
}

// ConvPoolSpec describes a convolution with ReLU, followed by max pooling.
type ConvPoolSpec struct {
	Conv ConvSpec // with ReLU
	Pool PoolSpec // its [N,H,W,C] is Conv's [N,OH,OW,Out]
}

// Check panics unless the pooling's input is the convolution's output and the buffers
// have the sizes given by s. bias may be nil.
func (s ConvPoolSpec) Check(op string, y, arg, x, w, bias Buffer) {
	c, p := s.Conv, s.Pool
	if !c.ReLU || [4]int{p.N, p.H, p.W, p.C} != [4]int{c.N, c.OH, c.OW, c.Out} {
		Panicf(op, "a convolution to [%d %d %d %d], ReLU %v, and a pooling of [%d %d %d %d]: it must have a ReLU, and be what is pooled",
			c.N, c.OH, c.OW, c.Out, c.ReLU, p.N, p.H, p.W, p.C)
	}
	c.checkSteps(op)
	p.checkWindows(op)
	Want(op, "input", x, Float32, c.N*c.H*c.W*c.C)
	Want(op, "filter", w, Float32, c.Cols()*c.Out)
	if bias != nil {
		Want(op, "bias", bias, Float32, c.Out)
	}
	Want(op, "pooled", y, Float32, p.N*p.OH*p.OW*p.C)
	Want(op, "argmax", arg, Int32, p.N*p.OH*p.OW*p.C)
}

// CheckGrad is Check for the gradients, any of which may be nil.
func (s ConvPoolSpec) CheckGrad(op string, dx, dw, dbias, dy, y, arg, x, w Buffer) {
	s.Check(op, y, arg, x, w, dbias)
	Want(op, "gradient of the pooled", dy, Float32, s.Pool.N*s.Pool.OH*s.Pool.OW*s.Pool.C)
	if dx != nil {
		Want(op, "gradient by the input", dx, Float32, x.Len())
	}
	if dw != nil {
		Want(op, "gradient by the filter", dw, Float32, w.Len())
	}
}

// CheckGradBelow is CheckGrad for BiasReLUConv2DReLUMaxPoolGrad.
func (s ConvPoolSpec) CheckGradBelow(op string, dx, dbelow, dw, dbias, dy, y, arg, x, w Buffer) {
	s.CheckGrad(op, dx, dw, dbias, dy, y, arg, x, w)
	Want(op, "gradient by the input", dx, Float32, x.Len())
	if dbelow != nil {
		Want(op, "gradient by the input's bias", dbelow, Float32, s.Conv.C)
	}
}

// ReduceSpec describes a reduction of x[Outer,N,Inner] over its middle axis to
// y[Outer,Inner]. Any run of adjacent axes of a tensor can be the middle one.
type ReduceSpec struct {
	Outer, N, Inner int
}

// Check panics unless y is [Outer,Inner] of type t and x is [Outer,N,Inner].
func (s ReduceSpec) Check(op string, y Buffer, t Type, x Buffer) {
	Want(op, "reduced", y, t, s.Outer*s.Inner)
	Want(op, "whole", x, Float32, s.Outer*s.N*s.Inner)
}

// DropoutSpec describes dropout. Which elements are dropped depends only on Seed,
// Layer, the training step and the element's index (see Philox). So every device
// draws the same mask, and the backward pass draws it again instead of storing it.
type DropoutSpec struct {
	Rate  float32 // the share that is dropped, in [0,1]; the rest is scaled by 1/(1−Rate)
	Seed  uint64
	Layer uint32 // differs between the dropout layers of a model
}

// Scale is the factor for the elements that are kept, 1/(1−Rate), or 0 if none are.
func (s DropoutSpec) Scale() float32 {
	if s.Rate >= 1 {
		return 0
	}
	return 1 / (1 - s.Rate)
}

// GatherSpec describes gathering a batch of Rows rows of Width elements:
// dst[i] = src[index[cursor+i]]·Scale + Shift. Rows of int32 are copied unchanged.
type GatherSpec struct {
	Rows, Width  int
	Scale, Shift float32
}

// Check panics unless the buffers fit s. cursor is one int32, the position in index
// at which the batch begins. index may be longer than Rows.
func (s GatherSpec) Check(dst, src, index, cursor Buffer) {
	LenOf("gather", "destination", dst)
	Want("gather", "destination", dst, dst.Type(), s.Rows*s.Width)
	Want("gather", "cursor", cursor, Int32, 1)
	Want("gather", "index", index, Int32, LenOf("gather", "index", index))
	if n := LenOf("gather", "source", src); s.Width > 0 && n%s.Width != 0 {
		Panicf("gather", "%d source elements are no whole rows of %d", src.Len(), s.Width)
	}
	pair := [2]Type{dst.Type(), src.Type()}
	if pair != [2]Type{Float32, Uint8} && pair != [2]Type{Float32, Float32} && pair != [2]Type{Int32, Int32} {
		Panicf("gather", "from %v to %v: it goes from uint8 or float32 to float32, and from int32 to int32",
			src.Type(), dst.Type())
	}
}

// SGDSpec holds the constants of stochastic gradient descent.
type SGDSpec struct {
	Momentum float32 // the share of the last step that goes into the next; 0 for none
	Nesterov bool    // look ahead along the momentum
}

// RMSpropSpec holds the constants of RMSprop. Epsilon is added inside the root.
type RMSpropSpec struct {
	Rho, Momentum, Epsilon float32 // decay of the mean square; share of the last step; guard against division by 0
	Centered               bool    // use the variance instead of the mean square
}

// AdamSpec holds the constants of Adam, and of AdamW if WeightDecay is not 0.
// Epsilon is added outside the root.
type AdamSpec struct {
	Beta1, Beta2, Epsilon float32 // decay of the means of g and of g²; guard against division by 0
	WeightDecay           float32 // weights shrink by WeightDecay times the learning rate in each step
}

// mostCounters is the maximum number of counters, and of rates, that Advance takes.
const mostCounters = 32

// CheckAdvance panics unless the arguments of Advance fit together. It returns the
// number of rows of the table, 0 without one.
func CheckAdvance(counters, by, rate, table Buffer) (rows int) {
	const op = "advance"
	n := LenOf(op, "counters", counters)
	if n < 1 || n > mostCounters {
		Panicf(op, "there are %d counters, must be from 1 to %d", n, mostCounters)
	}
	Want(op, "counters", counters, Int32, n)
	Want(op, "steps", by, Int32, n)
	if rate == nil && table == nil {
		return 0
	}
	width := LenOf(op, "rates", rate)
	if width < 1 || width > mostCounters {
		Panicf(op, "there are %d rates, must be from 1 to %d", width, mostCounters)
	}
	Want(op, "rates", rate, Float32, width)
	rows = LenOf(op, "table", table) / width
	Want(op, "table", table, Float32, rows*width)
	return rows
}

// SameLen panics unless all buffers are float32 and have the same length.
func SameLen(op string, first Buffer, rest ...Buffer) {
	n := LenOf(op, "operand", first)
	Want(op, "operand", first, Float32, n)
	for _, b := range rest {
		Want(op, "operand", b, Float32, n)
	}
}

// LenOf returns the number of elements of b. It panics if b is nil.
func LenOf(op, part string, b Buffer) int {
	if b == nil {
		Panicf(op, "the %s is missing", part)
	}
	return b.Len()
}

// Want panics unless b has the type t and n elements. part names its role in op.
func Want(op, part string, b Buffer, t Type, n int) {
	if b == nil {
		Panicf(op, "the %s is missing: it must be %d %v", part, n, t)
	}
	if b.Type() != t || b.Len() != n {
		Panicf(op, "the %s is %d %v, must be %d %v", part, b.Len(), b.Type(), n, t)
	}
}
