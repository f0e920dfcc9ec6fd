// Package kernels is the contract between the engine and the machines that it
// computes on: Device, the one list of what a device can compute, and the
// buffers and specs that its methods take.
//
// The implementations are in the folders below: reference (plain Go, the
// definition of every kernel), avx (Go assembly for AVX2 and AVX-512) and cuda
// (PTX, on a GPU or on the emulator). Package auto opens one by its name.
package kernels

// A Device computes on memory of its own.
//
// For an operation Op there is a method Op, and a method OpGrad that computes
// the gradient of its input from the gradient of its output: names begin with d
// for gradients (dx is ∂loss/∂x). Outputs come first, then inputs, then the spec.
// Where an output and an input have the same number of elements and each element
// depends only on its counterpart, they may be the same buffer; apart from that
// outputs must not overlap anything.
//
// Methods may return before the work is done: it is done in the order of the
// calls, and Read and Sync wait for it. They allocate nothing after the first
// call with given sizes. They panic with a *ShapeError if the sizes are wrong,
// and with a *DeviceError if the device fails.
//
// A Device is used by one goroutine at a time. Where two compute on it at once, results are
// wrong; a CPU device that notices panics with a *BusyError.
type Device interface {
	// Name is the name that auto.Open takes: reference, avx2, avx512, emulator, cuda.
	Name() string
	// Close frees the device. Its buffers are gone with it.
	Close() error

	// Alloc returns a zeroed buffer of n elements.
	Alloc(t Type, n int) Buffer
	// Write copies bytes from the host; src must be as long as dst.
	Write(dst Buffer, src []byte)
	// Read copies bytes to the host, when all work asked for before is done.
	Read(dst []byte, src Buffer)
	// Copy is dst = src, of any one type.
	Copy(dst, src Buffer)
	// Fill sets every element of a float32 buffer.
	Fill(dst Buffer, value float32)
	// Sync waits until all work asked for is done.
	Sync()

	// MatMul is C = op(A)·op(B), and more: see MatMulSpec. bias [N] may be nil.
	// Its gradients are products too: dA = dC·op(B)ᵀ, dB = op(A)ᵀ·dC.
	MatMul(c, a, b, bias Buffer, s MatMulSpec)
	// SampledMatMul is C = op(A)·op(B) where gate > 0, gate being [M,N] like C: for a
	// gradient that is on its way to a ReLU, which drops it elsewhere. What an element
	// of C is there, 0 or the product, is left to the device. (s.ReLU is not looked at.)
	SampledMatMul(c, a, b, gate Buffer, s MatMulSpec)
	// MatMulUpdate is g = op(A)·op(B), the gradient of weights, and then their optimizer's
	// step by it, u.Apply(d, g), so that a device may use the gradient while it is at hand.
	// It tells whether the step was done. If it was, all that u changes has the bits that
	// MatMul and Apply give it, and what g holds is left to the device. If not, g is the
	// product, and the step is left to the caller: a device that gains nothing by it, such
	// as one that does the steps of many weights at once, may do so. g and the weights
	// have M·N elements; s.Mode is Overwrite, s.ReLU unset.
	MatMulUpdate(u Update, g, a, b Buffer, s MatMulSpec) (done bool)

	// Im2Col lays out each patch of x as a row: col[N·OH·OW, KH·KW·C].
	Im2Col(col, x Buffer, s ConvSpec)
	// Col2Im adds each row of dcol back to where Im2Col took it from.
	Col2Im(dx, dcol Buffer, s ConvSpec, m Mode)
	// Conv2D is y = x∗w + bias, then ReLU if s says so: see ConvSpec. bias may be nil.
	Conv2D(y, x, w, bias Buffer, s ConvSpec)
	// Conv2DGradInput is the gradient by x. (s.ReLU is not looked at.)
	Conv2DGradInput(dx, dy, w Buffer, s ConvSpec, m Mode)
	// Conv2DGradFilter is the gradient by w. (s.ReLU is not looked at.)
	Conv2DGradFilter(dw, dy, x Buffer, s ConvSpec, m Mode)

	// MaxPool takes each window's maximum; arg gets its index in x, the first of equals.
	// A NaN in a window wins.
	MaxPool(y, arg, x Buffer, s PoolSpec)
	// MaxPoolGrad sends dy to where the maxima were.
	MaxPoolGrad(dx, dy, arg Buffer, s PoolSpec, m Mode)
	// BiasReLUMaxPoolGrad is the gradient of y = MaxPool(ReLU(x + bias)), with bias
	// [C]. The maximum of what a ReLU let through is the ReLU of the maximum, so the
	// pooled y tells where the ReLU did: dx = dy where the maximum was and y > 0,
	// else 0, and dbias[c] = Σ over n,i,j of dy[n,i,j,c] where y > 0. dbias may be
	// nil; m is for dbias, dx is overwritten.
	BiasReLUMaxPoolGrad(dx, dbias, dy, y, arg Buffer, s PoolSpec, m Mode)
	// Conv2DReLUMaxPool is y = MaxPool(ReLU(x∗w + bias)): the same bits as Conv2D and
	// MaxPool after it give, without anyone seeing what is pooled. arg gets each maximum's
	// index in that. bias may be nil.
	Conv2DReLUMaxPool(y, arg, x, w, bias Buffer, s ConvPoolSpec)
	// Conv2DReLUMaxPoolGrad is its gradient, with dz that of x∗w + bias: dz = dy where
	// the maximum was and y > 0, else 0. dbias[o] = Σ over n,i,j of dz[n,i,j,o]; dx and
	// dw are Conv2D's gradients for dz. Any of the three may be nil. Whether products
	// with those zeros of dz are formed is left to the device.
	Conv2DReLUMaxPoolGrad(dx, dw, dbias, dy, y, arg, x, w Buffer, s ConvPoolSpec, mx, mw, mb Mode)
	// BiasReLUConv2DReLUMaxPoolGrad is the same where x is the output of a ReLU,
	// x = ReLU(v + below) with below [C], and dx, overwritten, is wanted behind it:
	// Conv2DReLUMaxPoolGrad, and then BiasReLUGrad(dx, dbelow, dx, x, N·H·W, C, mbelow), so
	// that a device may use dx while it is at hand. It tells whether the second was done. If
	// not, it is left to the caller. dbelow, dw and dbias may be nil.
	BiasReLUConv2DReLUMaxPoolGrad(dx, dbelow, dw, dbias, dy, y, arg, x, w Buffer, s ConvPoolSpec, mbelow, mw, mb Mode) (done bool)
	// AvgPool takes the mean of the part of each window that lies in the image.
	AvgPool(y, x Buffer, s PoolSpec)
	// AvgPoolGrad spreads dy evenly over each window.
	AvgPoolGrad(dx, dy Buffer, s PoolSpec, m Mode)

	// ReLU is y = x if x > 0 or x is NaN, else 0.
	ReLU(y, x Buffer)
	// ReLUGrad is dx = dy where y > 0, else 0. (y is ReLU's output.)
	ReLUGrad(dx, dy, y Buffer, m Mode)
	// BiasReLUGrad is the gradient of y = ReLU(x + bias), which MatMul and Conv2D
	// compute on the way out, for y [rows, cols] and bias [cols], in one pass:
	// dx = dy where y > 0, else 0, and dbias[c] = Σ over r of dx[r,c]. dbias may be
	// nil; m is for dbias, dx is overwritten.
	BiasReLUGrad(dx, dbias, dy, y Buffer, rows, cols int, m Mode)
	// Sigmoid is y = 1/(1+e⁻ˣ).
	Sigmoid(y, x Buffer)
	// SigmoidGrad is dx = dy·y·(1−y).
	SigmoidGrad(dx, dy, y Buffer, m Mode)
	// Tanh is y = tanh x.
	Tanh(y, x Buffer)
	// TanhGrad is dx = dy·(1−y²).
	TanhGrad(dx, dy, y Buffer, m Mode)
	// GELU is y = x·Φ(x), where Φ is the normal distribution: Φ(x) = erfc(−x/√2)/2. At −∞
	// it is 0, its limit.
	GELU(y, x Buffer)
	// GELUGrad is dx = dy·(Φ(x) + x·φ(x)), φ(x) = e^(−x²/2)/√(2π). (x is GELU's input.)
	GELUGrad(dx, dy, x Buffer, m Mode)
	// Exp is y = eˣ.
	Exp(y, x Buffer)
	// ExpGrad is dx = dy·y.
	ExpGrad(dx, dy, y Buffer, m Mode)
	// Log is y = ln x.
	Log(y, x Buffer)
	// LogGrad is dx = dy/x.
	LogGrad(dx, dy, x Buffer, m Mode)

	// Add is y = a+b with broadcasting. In all four gradients either of da and db
	// may be nil; where an operand was repeated, its gradient is summed.
	Add(y, a, b Buffer, s BroadcastSpec)
	AddGrad(da, db, dy Buffer, s BroadcastSpec, ma, mb Mode)
	// Sub is y = a−b.
	Sub(y, a, b Buffer, s BroadcastSpec)
	SubGrad(da, db, dy Buffer, s BroadcastSpec, ma, mb Mode)
	// Mul is y = a·b; da = dy·b, db = dy·a.
	Mul(y, a, b Buffer, s BroadcastSpec)
	MulGrad(da, db, dy, a, b Buffer, s BroadcastSpec, ma, mb Mode)
	// Div is y = a/b; da = dy/b, db = −dy·a/b².
	Div(y, a, b Buffer, s BroadcastSpec)
	DivGrad(da, db, dy, a, b Buffer, s BroadcastSpec, ma, mb Mode)
	// Affine is y = scale·x + shift. Its gradient is dx = scale·dy: AffineGrad.
	Affine(y, x Buffer, scale, shift float32)
	AffineGrad(dx, dy Buffer, scale float32, m Mode)

	// Transpose puts the axes into another order: y[i,j,…] = x[Σ index·Stride].
	Transpose(y, x Buffer, s PermuteSpec)
	TransposeGrad(dx, dy Buffer, s PermuteSpec, m Mode)

	// Sum adds up the middle axis of x[Outer,N,Inner]. (It has a mode because it
	// is itself the gradient of a bias.)
	Sum(y, x Buffer, s ReduceSpec, m Mode)
	SumGrad(dx, dy Buffer, s ReduceSpec, m Mode)
	// Mean is Sum divided by N.
	Mean(y, x Buffer, s ReduceSpec)
	MeanGrad(dx, dy Buffer, s ReduceSpec, m Mode)
	// Max takes the maximum; arg gets its index along the axis, the first of equals.
	// A NaN wins. N must be at least 1.
	Max(y, arg, x Buffer, s ReduceSpec)
	MaxGrad(dx, dy, arg Buffer, s ReduceSpec, m Mode)
	// ArgMax is Max without the maximum.
	ArgMax(arg, x Buffer, s ReduceSpec)
	// Accuracy is y[r] = 1 where ArgMax of x[r,:] is the class that labels name, else
	// 0, for x float32 [rows, cols], cols at least 1. Labels are as for the losses
	// below; of float32 labels [rows, cols] the row's ArgMax counts.
	Accuracy(y, x, labels Buffer, rows, cols int)

	// BatchNorm is y = gamma·(x−mean)/√(variance+epsilon) + beta for x and y [rows, cols],
	// and the rest [cols]: mean and variance, which it writes too, are those of each column
	// over its rows, of which there is 1 at least. The variance is the mean of (x−mean)². gamma
	// may be nil, for 1, and beta, for 0.
	BatchNorm(y, mean, variance, x, gamma, beta Buffer, rows, cols int, epsilon float32)
	// BatchNormGrad is its gradient, also through mean and variance. With
	// i = 1/√(variance+epsilon) and n = (x−mean)·i it is, by column: dbeta = Σ dy,
	// dgamma = Σ dy·n, and dx = gamma·i·(dy − dbeta/rows − n·dgamma/rows), where these are the
	// sums of this call. Any of the three may be nil, and gamma, for 1.
	BatchNormGrad(dx, dgamma, dbeta, dy, x, mean, variance, gamma Buffer, rows, cols int, epsilon float32, mx, mg, mb Mode)

	// Softmax is y[r,c] = e^x[r,c] / Σ over k of e^x[r,k], with the row's maximum
	// subtracted first.
	Softmax(y, x Buffer, rows, cols int)
	// SoftmaxGrad is dx = y·(dy − Σ over k of dy[r,k]·y[r,k]).
	SoftmaxGrad(dx, dy, y Buffer, rows, cols int, m Mode)
	// LogSoftmax is y = x − ln Σ eˣ, by row, with the row's maximum subtracted first.
	LogSoftmax(y, x Buffer, rows, cols int)
	// LogSoftmaxGrad is dx = dy − e^y·Σ over k of dy[r,k].
	LogSoftmaxGrad(dx, dy, y Buffer, rows, cols int, m Mode)

	// The losses below give one value for each row. Labels are either int32
	// [rows], the index of the right class, or float32 [rows, cols], a
	// distribution such as a one-hot row; their type tells which.

	// SoftmaxCrossEntropy is loss[r] = −Σ labels[r,c]·ln softmax(logits)[r,c],
	// worked out stably from the logits. probs gets the softmax. A row of labels is a
	// distribution: no number of it is below 0.
	SoftmaxCrossEntropy(loss, probs, logits, labels Buffer, rows, cols int)
	// SoftmaxCrossEntropyGrad is dlogits[r,c] = dloss[r]·(probs[r,c]·Σ over k of labels[r,k] − labels[r,c]).
	SoftmaxCrossEntropyGrad(dlogits, dloss, probs, labels Buffer, rows, cols int, m Mode)
	// CrossEntropy is loss[r] = −Σ labels[r,c]·ln clip(p[r,c]), where clip is to
	// [1e-7, 1−1e-7], and p is probs, for float32 labels divided by its row's sum first.
	CrossEntropy(loss, probs, labels Buffer, rows, cols int)
	// CrossEntropyGrad is the gradient by probs; where the clipping holds a value, it is 0.
	CrossEntropyGrad(dprobs, dloss, probs, labels Buffer, rows, cols int, m Mode)
	// SigmoidBinaryCrossEntropy is loss[r] = mean over c of max(x,0) − x·t + ln(1+e^−|x|)
	// for logits x and targets t, float32 [rows, cols] in [0,1].
	SigmoidBinaryCrossEntropy(loss, logits, targets Buffer, rows, cols int)
	// SigmoidBinaryCrossEntropyGrad is dlogits = dloss[r]·(sigmoid(x) − t)/cols.
	SigmoidBinaryCrossEntropyGrad(dlogits, dloss, logits, targets Buffer, rows, cols int, m Mode)
	// BinaryCrossEntropy is loss[r] = mean over c of −t·ln p − (1−t)·ln(1−p), with
	// p = clip(probs) to [1e-7, 1−1e-7].
	BinaryCrossEntropy(loss, probs, targets Buffer, rows, cols int)
	BinaryCrossEntropyGrad(dprobs, dloss, probs, targets Buffer, rows, cols int, m Mode)
	// MeanSquaredError is loss[r] = mean over c of (x−t)².
	MeanSquaredError(loss, x, targets Buffer, rows, cols int)
	MeanSquaredErrorGrad(dx, dloss, x, targets Buffer, rows, cols int, m Mode)

	// Dropout is y = x·Scale where the element is kept, else 0: see DropoutSpec.
	// step, one int32, holds the number of the training step.
	Dropout(y, x, step Buffer, s DropoutSpec)
	DropoutGrad(dx, dy, step Buffer, s DropoutSpec, m Mode)
	// Uniform fills y with low + (high−low)·u, u in [0,1) from Philox with the
	// counter (i/4, 0, 0, 1) and the seed as its key.
	Uniform(y Buffer, low, high float32, seed uint64)

	// Gather copies rows of a data set into a batch: see GatherSpec.
	Gather(dst, src, index, cursor Buffer, s GatherSpec)

	// Equal is y[i] = 1 if a[i] = b[i], else 0, for int32 a and b and float32 y.
	Equal(y, a, b Buffer)
	// Greater is y[i] = 1 if x[i] > threshold, else 0, for float32 x and int32 y.
	Greater(y, x Buffer, threshold float32)
	// Advance ends a recorded step, so that the next one needs nothing from the
	// host: counters += by, for int32 [n] with n up to 32, and then
	// rate = table[i, :] for i = the last counter, if the table [rows, len(rate)] has
	// that row; else rate stays. rate, of at most 32 float32, and table may both be nil.
	Advance(counters, by, rate, table Buffer)
	// AddScaled is y += scale·x.
	AddScaled(y, x Buffer, scale float32)

	// The optimizers update weights w from their gradient g. rate holds what
	// changes from step to step, so that a recorded step can be replayed: rate[0]
	// is the learning rate.

	// SGD is w −= rate·g; with momentum v = Momentum·v − rate·g and w += v, or, for
	// Nesterov, w += Momentum·v − rate·g. v is nil without momentum.
	SGD(w, g, v, rate Buffer, s SGDSpec)
	// RMSprop is v = Rho·v + (1−Rho)·g², then w −= rate·g/√(v+Epsilon). Centered
	// keeps a mean gradient too and subtracts its square from v; with momentum,
	// moment = Momentum·moment + that step, and w −= moment. mean and moment are
	// nil where they are not needed.
	RMSprop(w, g, v, mean, moment, rate Buffer, s RMSpropSpec)
	// Adam is m += (g−m)·(1−Beta1), v += (g²−v)·(1−Beta2), then w −= α·m/(√v+Epsilon),
	// where α = rate[1] is the learning rate with its correction,
	// rate·√(1−Beta2ᵗ)/(1−Beta1ᵗ) for step t = 1, 2, …. With WeightDecay,
	// w −= w·WeightDecay·rate[0] comes first.
	Adam(w, g, m, v, rate Buffer, s AdamSpec)

	// AddSquares is total[0] += Σ x², for a total of one element: the square of
	// the length of a gradient, over as many buffers as it is spread over.
	AddSquares(total, x Buffer)
	// ClipByNorm is x *= limit/√total[0] where √total[0] > limit: a gradient that
	// is too long keeps its direction. Where total is NaN, x becomes NaN.
	ClipByNorm(x, total Buffer, limit float32)
	// ClipByValue is x = min(max(x, −limit), limit). NaN stays NaN.
	ClipByValue(x Buffer, limit float32)
}
