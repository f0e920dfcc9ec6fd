package kernels

// The specs below say what a call computes: its sizes and its options. They are
// plain values, worked out once when a tape records an operation. Their check
// methods are the one place where the sizes of buffers are compared with them;
// every device calls them first.

// Mode says what a gradient kernel does with what its output held before.
// Gradients accumulate: the first contribution to a gradient in a training step
// overwrites, every later one adds. That is += on zeros without the pass over
// memory that writes the zeros.
type Mode bool

const (
	Overwrite  Mode = false // dx = …
	Accumulate Mode = true  // dx += …
)

// MatMulSpec describes C[M,N] = op(A)[M,K] · op(B)[K,N], and what is done to C
// on the way out: first the old C is added (Accumulate), then the bias, then ReLU.
type MatMulSpec struct {
	M, N, K int
	TransA  bool // A is stored as [K,M]
	TransB  bool // B is stored as [N,K]
	Mode    Mode // Accumulate: C += …
	ReLU    bool // C = max(C, 0), after the bias
}

// Check panics unless the buffers have the sizes that s gives them. bias may be nil.
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

// CheckUpdate is Check for a gradient g that an optimizer's step u follows: it must be the
// product alone, and what u works on must fit it.
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
// Whether products with those zeros are formed is left to the device. That
// matters only to a NaN or an infinity in w or in dy.
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

// Check panics unless the buffers have the sizes that s gives them. bias may be nil.
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

// PoolSpec describes pooling over windows of KH×KW of images x[N,H,W,C] to
// y[N,OH,OW,C], which move on by StrideH rows and StrideW columns. The first begins
// PadTop above and PadLeft of the image; padding never wins a maximum and does not
// count in an average.
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

// CheckBiasReLU is CheckMax for the gradient of a max pooling over what a ReLU
// and a bias, which may be nil, were put to before.
func (s PoolSpec) CheckBiasReLU(op string, dx, dbias, dy, y, arg Buffer) {
	s.CheckMax(op, dy, arg, dx)
	Want(op, "pooled", y, Float32, s.N*s.OH*s.OW*s.C)
	if dbias != nil {
		Want(op, "bias", dbias, Float32, s.C)
	}
}

// Check panics unless the buffers have the sizes that s gives them. arg is nil
// for average pooling.
func (s PoolSpec) Check(op string, y, arg, x Buffer) {
	s.checkWindows(op)
	Want(op, "output", y, Float32, s.N*s.OH*s.OW*s.C)
	if arg != nil {
		Want(op, "argmax", arg, Int32, s.N*s.OH*s.OW*s.C)
	}
	Want(op, "input", x, Float32, s.N*s.H*s.W*s.C)
}

// checkWindows panics unless each window meets the image.
func (s PoolSpec) checkWindows(op string) {
	if s.StrideH < 1 || s.StrideW < 1 {
		Panicf(op, "strides %d×%d, must be at least 1", s.StrideH, s.StrideW)
	}
	// A window that lies wholly in the padding has no maximum and no mean.
	if s.PadTop < 0 || s.PadTop >= s.KH || (s.OH-1)*s.StrideH-s.PadTop >= s.H ||
		s.PadLeft < 0 || s.PadLeft >= s.KW || (s.OW-1)*s.StrideW-s.PadLeft >= s.W {
		Panicf(op, "%d×%d windows of %d×%d, strides %d×%d, padding %d above and %d left: some lie outside the image of %d×%d",
			s.OH, s.OW, s.KH, s.KW, s.StrideH, s.StrideW, s.PadTop, s.PadLeft, s.H, s.W)
	}
}

// ConvPoolSpec describes a convolution with a ReLU and the max pooling of its output.
type ConvPoolSpec struct {
	Conv ConvSpec // with ReLU
	Pool PoolSpec // of [N,H,W,C] = Conv's [N,OH,OW,Out]
}

// Check panics unless the pooling is one of the convolution's output, and y, arg, x, w
// and bias have the sizes that s gives them. bias may be nil.
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
// y[Outer,Inner]. Any run of neighbouring axes of a tensor can be the middle one.
type ReduceSpec struct {
	Outer, N, Inner int
}

// Check panics unless y is [Outer,Inner] of type t and x is [Outer,N,Inner].
func (s ReduceSpec) Check(op string, y Buffer, t Type, x Buffer) {
	Want(op, "reduced", y, t, s.Outer*s.Inner)
	Want(op, "whole", x, Float32, s.Outer*s.N*s.Inner)
}

// DropoutSpec describes dropout: which elements are dropped follows from Seed,
// Layer, the training step and the element's index alone (see Philox), so that
// every device draws the same mask and the backward pass draws it again instead
// of keeping it.
type DropoutSpec struct {
	Rate  float32 // the share that is dropped, in [0,1]; what is kept is scaled by 1/(1−Rate)
	Seed  uint64
	Layer uint32 // tells one dropout of a model from another
}

// Scale is the factor of what is kept, 1/(1−Rate); 0 where nothing is kept.
func (s DropoutSpec) Scale() float32 {
	if s.Rate >= 1 {
		return 0
	}
	return 1 / (1 - s.Rate)
}

// GatherSpec describes the gathering of a batch of Rows rows of Width elements:
// dst[i] = src[index[cursor+i]]·Scale + Shift. Rows of int32 are copied as they are.
type GatherSpec struct {
	Rows, Width  int
	Scale, Shift float32
}

// Check panics unless the buffers fit s. index may be longer than Rows: it is
// read from the position that cursor, one int32, holds.
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
	Momentum float32 // the share of the last step that goes into the next; none where 0
	Nesterov bool    // look ahead along the momentum
}

// RMSpropSpec holds the constants of RMSprop. Epsilon stands inside the root.
type RMSpropSpec struct {
	Rho, Momentum, Epsilon float32 // how much of the mean square stays, and of the last step; against division by 0
	Centered               bool    // take the variance in place of the mean square
}

// AdamSpec holds the constants of Adam, and of AdamW where WeightDecay is not
// 0. Epsilon stands outside the root.
type AdamSpec struct {
	Beta1, Beta2, Epsilon float32 // how much of the means of g and of g² stays; against division by 0
	WeightDecay           float32 // the share of the learning rate by which weights shrink in a step
}

// mostCounters is how many counters, and how many rates, Advance takes.
const mostCounters = 32

// CheckAdvance panics unless the arguments of Advance fit together. It returns the
// number of rows of the table, which is 0 without one.
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

// SameLen panics unless all buffers are float32 and of one length.
func SameLen(op string, first Buffer, rest ...Buffer) {
	n := LenOf(op, "operand", first)
	Want(op, "operand", first, Float32, n)
	for _, b := range rest {
		Want(op, "operand", b, Float32, n)
	}
}

// LenOf is the number of elements of b; it panics if b is missing.
func LenOf(op, part string, b Buffer) int {
	if b == nil {
		Panicf(op, "the %s is missing", part)
	}
	return b.Len()
}

// Want panics unless b has the type and the number of elements that op needs for its part.
func Want(op, part string, b Buffer, t Type, n int) {
	if b == nil {
		Panicf(op, "the %s is missing: it must be %d %v", part, n, t)
	}
	if b.Type() != t || b.Len() != n {
		Panicf(op, "the %s is %d %v, must be %d %v", part, b.Len(), b.Type(), n, t)
	}
}
