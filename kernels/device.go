// Package kernels is the contract between the engine and the hardware. Device
// lists everything that a device can compute; the rest of the package defines
// the buffers and specs that its methods take.
//
// The implementations are in the folders below: reference (plain Go, the
// definition of every kernel), avx (Go assembly for AVX2 and AVX-512) and cuda
// (PTX, on a GPU or on the emulator). Package auto opens one by its name.
package kernels

// A Device computes on memory of its own.
//
// An operation Op has a method Op, and a method OpGrad that computes the gradient
// of its inputs from the gradient of its output. Names that begin with d are
// gradients: dx is ∂loss/∂x. Outputs come first, then inputs, then the spec.
// If an output and an input have the same number of elements, and each element
// depends only on its counterpart, they may be the same buffer. Otherwise outputs
// must not overlap anything.
//
// Methods may return before the work is done. Work is done in the order of the
// calls, and Read and Sync wait for it. Methods allocate nothing after the first
// call with given sizes. They panic with a *ShapeError if the sizes are wrong,
// and with a *DeviceError if the device fails.
//
// Only one goroutine at a time may use a Device. If two compute on it at once, results are
// wrong; a CPU device that notices panics with a *BusyError.
type Device interface {
	// Name is the name that auto.Open takes: reference, avx2, avx512, emulator, cuda.
	Name() string
	// Close frees the device and all its buffers.
	Close() error

	// Alloc returns a zeroed buffer of n elements.
	Alloc(t Type, n int) Buffer
	// Write copies bytes from the host; src must be as long as dst.
	Write(dst Buffer, src []byte)
	// Read copies bytes to the host, once all work requested before is done.
	Read(dst []byte, src Buffer)
	// Copy is dst = src. Both have the same type, which may be any.
	Copy(dst, src Buffer)
	// Fill sets every element of a float32 buffer.
	Fill(dst Buffer, value float32)
	// Sync waits until all requested work is done.
	Sync()

	// MatMul is C = op(A)·op(B), plus the options of MatMulSpec. bias [N] may be nil.
	// Its gradients are products too: dA = dC·op(B)ᵀ, dB = op(A)ᵀ·dC.
	MatMul(c, a, b, bias Buffer, s MatMulSpec)
	// SampledMatMul is C = op(A)·op(B) where gate > 0. gate is [M,N], like C. It computes a
	// gradient that then passes a ReLU, which zeroes all other elements. The device may
	// store 0 or the product in those. (s.ReLU is ignored.)
	SampledMatMul(c, a, b, gate Buffer, s MatMulSpec)
	// MatMulUpdate computes the gradient of weights, g = op(A)·op(B), and may then do their
	// optimizer's step, u.Apply(d, g), while g is still in registers or cache. done reports
	// whether it did the step. If so, everything that u changes has the bits that MatMul and
	// Apply would give, and the contents of g are unspecified. If not, g holds the product and
	// the caller does the step. A device may decline if it gains nothing, for example because
	// it updates many weights at once. g and the weights have M·N elements; s.Mode is
	// Overwrite and s.ReLU is unset.
	MatMulUpdate(u Update, g, a, b Buffer, s MatMulSpec) (done bool)

	// Im2Col lays out each patch of x as a row: col[N·OH·OW, KH·KW·C].
	Im2Col(col, x Buffer, s ConvSpec)
	// Col2Im adds each row of dcol back to the patch that Im2Col copied it from.
	Col2Im(dx, dcol Buffer, s ConvSpec, m Mode)
	// Conv2D is y = x∗w + bias, then ReLU if s says so: see ConvSpec. bias may be nil.
	Conv2D(y, x, w, bias Buffer, s ConvSpec)
	// Conv2DGradInput computes the gradient with respect to x. (s.ReLU is ignored.)
	Conv2DGradInput(dx, dy, w Buffer, s ConvSpec, m Mode)
	// Conv2DGradFilter computes the gradient with respect to w. (s.ReLU is ignored.)
	Conv2DGradFilter(dw, dy, x Buffer, s ConvSpec, m Mode)

	// MaxPool takes the maximum of each window. arg gets its index in x, the first if several
	// are equal. A NaN in a window wins.
	MaxPool(y, arg, x Buffer, s PoolSpec)
	// MaxPoolGrad adds each dy to the position of its window's maximum.
	MaxPoolGrad(dx, dy, arg Buffer, s PoolSpec, m Mode)
	// BiasReLUMaxPoolGrad is the gradient of y = MaxPool(ReLU(x + bias)), with bias
	// [C]. Max pooling and ReLU commute, so the pooled y shows where the ReLU passed:
	// dx = dy at the maximum of a window if y > 0, otherwise 0, and
	// dbias[c] = Σ over n,i,j of dy[n,i,j,c] where y > 0. dbias may be nil. m applies to
	// dbias; dx is overwritten.
	BiasReLUMaxPoolGrad(dx, dbias, dy, y, arg Buffer, s PoolSpec, m Mode)
	// Conv2DReLUMaxPool is y = MaxPool(z) with z = ReLU(x∗w + bias). It gives the same bits
	// as Conv2D followed by MaxPool, but z need not be stored. arg gets each maximum's
	// index in z. bias may be nil.
	Conv2DReLUMaxPool(y, arg, x, w, bias Buffer, s ConvPoolSpec)
	// Conv2DReLUMaxPoolGrad is its gradient. Let dz be the gradient of x∗w + bias: dz = dy at
	// the maximum of a window if y > 0, otherwise 0. Then dbias[o] = Σ over n,i,j of
	// dz[n,i,j,o], and dx and dw are Conv2D's gradients for dz. Any of the three may be nil.
	// The device may skip or form products with the zeros of dz.
	Conv2DReLUMaxPoolGrad(dx, dw, dbias, dy, y, arg, x, w Buffer, s ConvPoolSpec, mx, mw, mb Mode)
	// BiasReLUConv2DReLUMaxPoolGrad is for an x that is itself the output of a ReLU,
	// x = ReLU(v + below) with below [C]. It does Conv2DReLUMaxPoolGrad, and may then do
	// BiasReLUGrad(dx, dbelow, dx, x, N·H·W, C, mbelow) while dx is still in cache. done
	// reports whether it did; if not, the caller does it. dx is overwritten. dbelow, dw and
	// dbias may be nil.
	BiasReLUConv2DReLUMaxPoolGrad(dx, dbelow, dw, dbias, dy, y, arg, x, w Buffer, s ConvPoolSpec, mbelow, mw, mb Mode) (done bool)
	// AvgPool takes the mean of the part of each window that lies inside the image.
	AvgPool(y, x Buffer, s PoolSpec)
	// AvgPoolGrad spreads dy evenly over each window.
	AvgPoolGrad(dx, dy Buffer, s PoolSpec, m Mode)

	// ReLU is y = x if x > 0 or x is NaN, otherwise 0.
	ReLU(y, x Buffer)
	// ReLUGrad is dx = dy where y > 0, otherwise 0. (y is ReLU's output.)
	ReLUGrad(dx, dy, y Buffer, m Mode)
	// BiasReLUGrad is the gradient of y = ReLU(x + bias), the end of MatMul and Conv2D,
	// for y [rows, cols] and bias [cols], in one pass: dx = dy where y > 0, otherwise 0,
	// and dbias[c] = Σ over r of dx[r,c]. dbias may be nil. m applies to dbias; dx is
	// overwritten.
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
	// y is 0, its limit.
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

	// Add is y = a+b with broadcasting. In this gradient and the next three, da or db
	// may be nil. The gradient of a repeated operand is summed over its repetitions.
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

	// Transpose permutes the axes: y[i,j,…] = x[Σ index·Stride].
	Transpose(y, x Buffer, s PermuteSpec)
	TransposeGrad(dx, dy Buffer, s PermuteSpec, m Mode)

	// Sum adds up the middle axis of x[Outer,N,Inner]. (It has a mode because it
	// is also the gradient of a bias.)
	Sum(y, x Buffer, s ReduceSpec, m Mode)
	SumGrad(dx, dy Buffer, s ReduceSpec, m Mode)
	// Mean is Sum divided by N.
	Mean(y, x Buffer, s ReduceSpec)
	MeanGrad(dx, dy Buffer, s ReduceSpec, m Mode)
	// Max takes the maximum. arg gets its index along the axis, the first if several are
	// equal. A NaN wins. N must be at least 1.
	Max(y, arg, x Buffer, s ReduceSpec)
	MaxGrad(dx, dy, arg Buffer, s ReduceSpec, m Mode)
	// ArgMax is Max's arg without the maximum.
	ArgMax(arg, x Buffer, s ReduceSpec)
	// Accuracy is y[r] = 1 where the ArgMax of x[r,:] is the class given by labels, otherwise
	// 0. x is float32 [rows, cols], and cols is at least 1. Labels are as for the losses
	// below; the class of a row of float32 labels is its ArgMax.
	Accuracy(y, x, labels Buffer, rows, cols int)

	// BatchNorm is y = gamma·(x−mean)/√(variance+epsilon) + beta. x and y are [rows, cols], the
	// rest [cols]; rows is at least 1. mean and variance are outputs too: those of each column
	// over its rows. The variance is the mean of (x−mean)². A nil gamma means 1, a nil beta 0.
	BatchNorm(y, mean, variance, x, gamma, beta Buffer, rows, cols int, epsilon float32)
	// BatchNormGrad is its gradient, which also flows through mean and variance. With
	// i = 1/√(variance+epsilon) and n = (x−mean)·i, for each column: dbeta = Σ dy,
	// dgamma = Σ dy·n, and dx = gamma·i·(dy − dbeta/rows − n·dgamma/rows), where dbeta and
	// dgamma are the sums of this call alone. Any of the three may be nil. A nil gamma means 1.
	BatchNormGrad(dx, dgamma, dbeta, dy, x, mean, variance, gamma Buffer, rows, cols int, epsilon float32, mx, mg, mb Mode)

	// LayerNorm is y = gamma·(x−mean)·inverse + beta. x and y are [rows, cols], gamma and beta
	// [cols]; cols is at least 1. mean and inverse [rows] are outputs too: those of each row over
	// its columns, with inverse = 1/√(variance+epsilon). The variance is the mean of (x−mean)².
	// A nil gamma means 1, a nil beta 0.
	LayerNorm(y, mean, inverse, x, gamma, beta Buffer, rows, cols int, epsilon float32)
	// LayerNormGrad is its gradient, which also flows through mean and inverse. With
	// n = (x−mean)·inverse and e = dy·gamma, for each row dx = inverse·(e − Σ e/cols − n·Σ e·n/cols),
	// and for each column dbeta = Σ dy, dgamma = Σ dy·n. Any of the three may be nil. A nil gamma
	// means 1.
	LayerNormGrad(dx, dgamma, dbeta, dy, x, mean, inverse, gamma Buffer, rows, cols int, mx, mg, mb Mode)

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
	// distribution such as a one-hot row. The buffer's type decides.

	// SoftmaxCrossEntropy is loss[r] = −Σ labels[r,c]·ln softmax(logits)[r,c],
	// computed stably from the logits. probs gets the softmax. float32 labels
	// must not be negative.
	SoftmaxCrossEntropy(loss, probs, logits, labels Buffer, rows, cols int)
	// SoftmaxCrossEntropyGrad is dlogits[r,c] = dloss[r]·(probs[r,c]·Σ over k of labels[r,k] − labels[r,c]).
	SoftmaxCrossEntropyGrad(dlogits, dloss, probs, labels Buffer, rows, cols int, m Mode)
	// CrossEntropy is loss[r] = −Σ labels[r,c]·ln clip(p[r,c]), where clip is to
	// [1e-7, 1−1e-7]. For int32 labels p is probs; for float32 labels it is probs
	// divided by the sum of its row.
	CrossEntropy(loss, probs, labels Buffer, rows, cols int)
	// CrossEntropyGrad is the gradient with respect to probs, with derivative 0 for values
	// that are clipped.
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

	// Dropout is y = x·Scale where the element is kept, otherwise 0: see DropoutSpec.
	// step is one int32, the number of the training step.
	Dropout(y, x, step Buffer, s DropoutSpec)
	DropoutGrad(dx, dy, step Buffer, s DropoutSpec, m Mode)
	// Uniform fills y with low + (high−low)·u. u in [0,1) comes from Philox with counter
	// (i/4, 0, 0, 1) and key seed.
	Uniform(y Buffer, low, high float32, seed uint64)

	// Gather copies rows of a data set into a batch: see GatherSpec.
	Gather(dst, src, index, cursor Buffer, s GatherSpec)

	// Equal is y[i] = 1 if a[i] = b[i], otherwise 0, for int32 a and b and float32 y.
	Equal(y, a, b Buffer)
	// Greater is y[i] = 1 if x[i] > threshold, otherwise 0, for float32 x and int32 y.
	Greater(y, x Buffer, threshold float32)
	// Advance ends a recorded step, so that the next one needs nothing from the
	// host. It does counters += by, for int32 [n] with n at most 32. Then, with i the last
	// counter, it sets rate = table[i, :] if the table [rows, len(rate)] has that row;
	// otherwise rate stays as it is. rate has at most 32 float32; rate and table may both be nil.
	Advance(counters, by, rate, table Buffer)
	// AddScaled is y += scale·x.
	AddScaled(y, x Buffer, scale float32)

	// The optimizers update weights w from their gradient g. What changes from step to
	// step is in the buffer rate, so that a recorded step can be replayed. rate[0] is
	// the learning rate.

	// SGD is w −= rate·g. With momentum it is v = Momentum·v − rate·g and w += v or, with
	// Nesterov, w += Momentum·v − rate·g. v is nil without momentum.
	SGD(w, g, v, rate Buffer, s SGDSpec)
	// RMSprop is v = Rho·v + (1−Rho)·g², then w −= rate·g/√(v+Epsilon). Centered also
	// keeps a mean gradient and subtracts its square from v. With momentum,
	// moment = Momentum·moment + that step, and w −= moment. mean and moment are
	// nil where they are not needed.
	RMSprop(w, g, v, mean, moment, rate Buffer, s RMSpropSpec)
	// Adam is m += (g−m)·(1−Beta1), v += (g²−v)·(1−Beta2), then w −= α·m/(√v+Epsilon).
	// α = rate[1] is the bias-corrected learning rate, rate·√(1−Beta2ᵗ)/(1−Beta1ᵗ) for
	// step t = 1, 2, …. With WeightDecay, w −= w·WeightDecay·rate[0] comes first.
	Adam(w, g, m, v, rate Buffer, s AdamSpec)

	// AddSquares is total[0] += Σ x², for a total of one element. Called for every buffer
	// of a gradient, it gives the square of the gradient's norm.
	AddSquares(total, x Buffer)
	// ClipByNorm is x *= limit/√total[0] where √total[0] > limit. A gradient that is too
	// long keeps its direction. If total is NaN, x becomes NaN.
	ClipByNorm(x, total Buffer, limit float32)
	// ClipByValue is x = min(max(x, −limit), limit). NaN stays NaN.
	ClipByValue(x Buffer, limit float32)
}
