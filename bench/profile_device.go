package bench

import (
	"time"

	"baregrad/kernels"
)

// A timed device wraps another one. While it is on, it records each operation and the time until it
// was done.
type timed struct {
	kernels.Device
	on      bool
	calls   []call
	seconds []float64
}

// time does the work of a call. The clock stops when the device has finished it.
func (d *timed) time(c call, work func()) {
	if !d.on {
		work()
		return
	}
	start := time.Now()
	work()
	d.Device.Sync()
	d.seconds = append(d.seconds, time.Since(start).Seconds())
	d.calls = append(d.calls, c)
}

// begin discards the calls of the previous step, and sets whether those of the next one are
// recorded.
func (d *timed) begin(on bool) { d.on, d.calls, d.seconds = on, d.calls[:0], d.seconds[:0] }

// The device's operations, each with its description. (TestTimedDevice finds one that is missing
// here.)

func (d *timed) Fill(dst kernels.Buffer, value float32) {
	d.time(of("Fill", length(dst)), func() { d.Device.Fill(dst, value) })
}

func (d *timed) MatMul(c, a, b, bias kernels.Buffer, s kernels.MatMulSpec) {
	d.time(product("MatMul", s, bias != nil), func() { d.Device.MatMul(c, a, b, bias, s) })
}

func (d *timed) SampledMatMul(c, a, b, gate kernels.Buffer, s kernels.MatMulSpec) {
	d.time(product("SampledMatMul", s, false), func() { d.Device.SampledMatMul(c, a, b, gate, s) })
}

func (d *timed) MatMulUpdate(u kernels.Update, g, a, b kernels.Buffer, s kernels.MatMulSpec) (done bool) {
	d.time(product("MatMulUpdate", s, false), func() { done = d.Device.MatMulUpdate(u, g, a, b, s) })
	return done
}

func (d *timed) Im2Col(col, x kernels.Buffer, s kernels.ConvSpec) {
	d.time(convolution("Im2Col", s, 0), func() { d.Device.Im2Col(col, x, s) })
}

func (d *timed) Col2Im(dx, dcol kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	d.time(convolution("Col2Im", s, 0), func() { d.Device.Col2Im(dx, dcol, s, m) })
}

func (d *timed) Conv2D(y, x, w, bias kernels.Buffer, s kernels.ConvSpec) {
	d.time(convolution("Conv2D", s, 1), func() { d.Device.Conv2D(y, x, w, bias, s) })
}

func (d *timed) Conv2DGradInput(dx, dy, w kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	d.time(convolution("Conv2DGradInput", s, 1), func() { d.Device.Conv2DGradInput(dx, dy, w, s, m) })
}

func (d *timed) Conv2DGradFilter(dw, dy, x kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	d.time(convolution("Conv2DGradFilter", s, 1), func() { d.Device.Conv2DGradFilter(dw, dy, x, s, m) })
}

func (d *timed) MaxPool(y, arg, x kernels.Buffer, s kernels.PoolSpec) {
	d.time(of("MaxPool", s.N, s.H, s.W, s.C), func() { d.Device.MaxPool(y, arg, x, s) })
}

func (d *timed) MaxPoolGrad(dx, dy, arg kernels.Buffer, s kernels.PoolSpec, m kernels.Mode) {
	d.time(of("MaxPoolGrad", s.N, s.H, s.W, s.C), func() { d.Device.MaxPoolGrad(dx, dy, arg, s, m) })
}

func (d *timed) BiasReLUMaxPoolGrad(dx, dbias, dy, y, arg kernels.Buffer, s kernels.PoolSpec, m kernels.Mode) {
	d.time(of("BiasReLUMaxPoolGrad", s.N, s.H, s.W, s.C), func() { d.Device.BiasReLUMaxPoolGrad(dx, dbias, dy, y, arg, s, m) })
}

func (d *timed) Conv2DReLUMaxPool(y, arg, x, w, bias kernels.Buffer, s kernels.ConvPoolSpec) {
	d.time(convolution("Conv2DReLUMaxPool", s.Conv, 1), func() { d.Device.Conv2DReLUMaxPool(y, arg, x, w, bias, s) })
}

func (d *timed) Conv2DReLUMaxPoolGrad(dx, dw, dbias, dy, y, arg, x, w kernels.Buffer, s kernels.ConvPoolSpec, mx, mw, mb kernels.Mode) {
	d.time(convolution("Conv2DReLUMaxPoolGrad", s.Conv, present(dx, dw)), func() { d.Device.Conv2DReLUMaxPoolGrad(dx, dw, dbias, dy, y, arg, x, w, s, mx, mw, mb) })
}

func (d *timed) BiasReLUConv2DReLUMaxPoolGrad(dx, dbelow, dw, dbias, dy, y, arg, x, w kernels.Buffer, s kernels.ConvPoolSpec, mbelow, mw, mb kernels.Mode) (done bool) {
	d.time(convolution("BiasReLUConv2DReLUMaxPoolGrad", s.Conv, present(dx, dw)), func() {
		done = d.Device.BiasReLUConv2DReLUMaxPoolGrad(dx, dbelow, dw, dbias, dy, y, arg, x, w, s, mbelow, mw, mb)
	})
	return done
}

func (d *timed) AvgPool(y, x kernels.Buffer, s kernels.PoolSpec) {
	d.time(of("AvgPool", s.N, s.H, s.W, s.C), func() { d.Device.AvgPool(y, x, s) })
}

func (d *timed) AvgPoolGrad(dx, dy kernels.Buffer, s kernels.PoolSpec, m kernels.Mode) {
	d.time(of("AvgPoolGrad", s.N, s.H, s.W, s.C), func() { d.Device.AvgPoolGrad(dx, dy, s, m) })
}

func (d *timed) ReLU(y, x kernels.Buffer) {
	d.time(of("ReLU", length(y)), func() { d.Device.ReLU(y, x) })
}

func (d *timed) ReLUGrad(dx, dy, y kernels.Buffer, m kernels.Mode) {
	d.time(of("ReLUGrad", length(dx)), func() { d.Device.ReLUGrad(dx, dy, y, m) })
}

func (d *timed) BiasReLUGrad(dx, dbias, dy, y kernels.Buffer, rows, cols int, m kernels.Mode) {
	d.time(of("BiasReLUGrad", rows, cols), func() { d.Device.BiasReLUGrad(dx, dbias, dy, y, rows, cols, m) })
}

func (d *timed) Sigmoid(y, x kernels.Buffer) {
	d.time(of("Sigmoid", length(y)), func() { d.Device.Sigmoid(y, x) })
}

func (d *timed) SigmoidGrad(dx, dy, y kernels.Buffer, m kernels.Mode) {
	d.time(of("SigmoidGrad", length(dx)), func() { d.Device.SigmoidGrad(dx, dy, y, m) })
}

func (d *timed) Tanh(y, x kernels.Buffer) {
	d.time(of("Tanh", length(y)), func() { d.Device.Tanh(y, x) })
}

func (d *timed) TanhGrad(dx, dy, y kernels.Buffer, m kernels.Mode) {
	d.time(of("TanhGrad", length(dx)), func() { d.Device.TanhGrad(dx, dy, y, m) })
}

func (d *timed) GELU(y, x kernels.Buffer) {
	d.time(of("GELU", length(y)), func() { d.Device.GELU(y, x) })
}

func (d *timed) GELUGrad(dx, dy, x kernels.Buffer, m kernels.Mode) {
	d.time(of("GELUGrad", length(dx)), func() { d.Device.GELUGrad(dx, dy, x, m) })
}

func (d *timed) Exp(y, x kernels.Buffer) {
	d.time(of("Exp", length(y)), func() { d.Device.Exp(y, x) })
}

func (d *timed) ExpGrad(dx, dy, y kernels.Buffer, m kernels.Mode) {
	d.time(of("ExpGrad", length(dx)), func() { d.Device.ExpGrad(dx, dy, y, m) })
}

func (d *timed) Log(y, x kernels.Buffer) {
	d.time(of("Log", length(y)), func() { d.Device.Log(y, x) })
}

func (d *timed) LogGrad(dx, dy, x kernels.Buffer, m kernels.Mode) {
	d.time(of("LogGrad", length(dx)), func() { d.Device.LogGrad(dx, dy, x, m) })
}

func (d *timed) Add(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	d.time(of("Add", length(y)), func() { d.Device.Add(y, a, b, s) })
}

func (d *timed) AddGrad(da, db, dy kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode) {
	d.time(of("AddGrad", length(dy)), func() { d.Device.AddGrad(da, db, dy, s, ma, mb) })
}

func (d *timed) Sub(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	d.time(of("Sub", length(y)), func() { d.Device.Sub(y, a, b, s) })
}

func (d *timed) SubGrad(da, db, dy kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode) {
	d.time(of("SubGrad", length(dy)), func() { d.Device.SubGrad(da, db, dy, s, ma, mb) })
}

func (d *timed) Mul(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	d.time(of("Mul", length(y)), func() { d.Device.Mul(y, a, b, s) })
}

func (d *timed) MulGrad(da, db, dy, a, b kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode) {
	d.time(of("MulGrad", length(dy)), func() { d.Device.MulGrad(da, db, dy, a, b, s, ma, mb) })
}

func (d *timed) Div(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	d.time(of("Div", length(y)), func() { d.Device.Div(y, a, b, s) })
}

func (d *timed) DivGrad(da, db, dy, a, b kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode) {
	d.time(of("DivGrad", length(dy)), func() { d.Device.DivGrad(da, db, dy, a, b, s, ma, mb) })
}

func (d *timed) Affine(y, x kernels.Buffer, scale, shift float32) {
	d.time(of("Affine", length(y)), func() { d.Device.Affine(y, x, scale, shift) })
}

func (d *timed) AffineGrad(dx, dy kernels.Buffer, scale float32, m kernels.Mode) {
	d.time(of("AffineGrad", length(dx)), func() { d.Device.AffineGrad(dx, dy, scale, m) })
}

func (d *timed) Transpose(y, x kernels.Buffer, s kernels.PermuteSpec) {
	d.time(of("Transpose", length(y)), func() { d.Device.Transpose(y, x, s) })
}

func (d *timed) TransposeGrad(dx, dy kernels.Buffer, s kernels.PermuteSpec, m kernels.Mode) {
	d.time(of("TransposeGrad", length(dx)), func() { d.Device.TransposeGrad(dx, dy, s, m) })
}

func (d *timed) Sum(y, x kernels.Buffer, s kernels.ReduceSpec, m kernels.Mode) {
	d.time(of("Sum", s.Outer, s.N, s.Inner), func() { d.Device.Sum(y, x, s, m) })
}

func (d *timed) SumGrad(dx, dy kernels.Buffer, s kernels.ReduceSpec, m kernels.Mode) {
	d.time(of("SumGrad", s.Outer, s.N, s.Inner), func() { d.Device.SumGrad(dx, dy, s, m) })
}

func (d *timed) Mean(y, x kernels.Buffer, s kernels.ReduceSpec) {
	d.time(of("Mean", s.Outer, s.N, s.Inner), func() { d.Device.Mean(y, x, s) })
}

func (d *timed) MeanGrad(dx, dy kernels.Buffer, s kernels.ReduceSpec, m kernels.Mode) {
	d.time(of("MeanGrad", s.Outer, s.N, s.Inner), func() { d.Device.MeanGrad(dx, dy, s, m) })
}

func (d *timed) Max(y, arg, x kernels.Buffer, s kernels.ReduceSpec) {
	d.time(of("Max", s.Outer, s.N, s.Inner), func() { d.Device.Max(y, arg, x, s) })
}

func (d *timed) MaxGrad(dx, dy, arg kernels.Buffer, s kernels.ReduceSpec, m kernels.Mode) {
	d.time(of("MaxGrad", s.Outer, s.N, s.Inner), func() { d.Device.MaxGrad(dx, dy, arg, s, m) })
}

func (d *timed) ArgMax(arg, x kernels.Buffer, s kernels.ReduceSpec) {
	d.time(of("ArgMax", s.Outer, s.N, s.Inner), func() { d.Device.ArgMax(arg, x, s) })
}

func (d *timed) Accuracy(y, x, labels kernels.Buffer, rows, cols int) {
	d.time(of("Accuracy", rows, cols), func() { d.Device.Accuracy(y, x, labels, rows, cols) })
}

func (d *timed) BatchNorm(y, mean, variance, x, gamma, beta kernels.Buffer, rows, cols int, epsilon float32) {
	d.time(of("BatchNorm", rows, cols), func() { d.Device.BatchNorm(y, mean, variance, x, gamma, beta, rows, cols, epsilon) })
}

func (d *timed) BatchNormGrad(dx, dgamma, dbeta, dy, x, mean, variance, gamma kernels.Buffer, rows, cols int, epsilon float32, mx, mg, mb kernels.Mode) {
	d.time(of("BatchNormGrad", rows, cols), func() {
		d.Device.BatchNormGrad(dx, dgamma, dbeta, dy, x, mean, variance, gamma, rows, cols, epsilon, mx, mg, mb)
	})
}

func (d *timed) LayerNorm(y, mean, inverse, x, gamma, beta kernels.Buffer, rows, cols int, epsilon float32) {
	d.time(of("LayerNorm", rows, cols), func() { d.Device.LayerNorm(y, mean, inverse, x, gamma, beta, rows, cols, epsilon) })
}

func (d *timed) LayerNormGrad(dx, dgamma, dbeta, dy, x, mean, inverse, gamma kernels.Buffer, rows, cols int, mx, mg, mb kernels.Mode) {
	d.time(of("LayerNormGrad", rows, cols), func() {
		d.Device.LayerNormGrad(dx, dgamma, dbeta, dy, x, mean, inverse, gamma, rows, cols, mx, mg, mb)
	})
}

func (d *timed) Softmax(y, x kernels.Buffer, rows, cols int) {
	d.time(of("Softmax", rows, cols), func() { d.Device.Softmax(y, x, rows, cols) })
}

func (d *timed) SoftmaxGrad(dx, dy, y kernels.Buffer, rows, cols int, m kernels.Mode) {
	d.time(of("SoftmaxGrad", rows, cols), func() { d.Device.SoftmaxGrad(dx, dy, y, rows, cols, m) })
}

func (d *timed) LogSoftmax(y, x kernels.Buffer, rows, cols int) {
	d.time(of("LogSoftmax", rows, cols), func() { d.Device.LogSoftmax(y, x, rows, cols) })
}

func (d *timed) LogSoftmaxGrad(dx, dy, y kernels.Buffer, rows, cols int, m kernels.Mode) {
	d.time(of("LogSoftmaxGrad", rows, cols), func() { d.Device.LogSoftmaxGrad(dx, dy, y, rows, cols, m) })
}

func (d *timed) SoftmaxCrossEntropy(loss, probs, logits, labels kernels.Buffer, rows, cols int) {
	d.time(of("SoftmaxCrossEntropy", rows, cols), func() { d.Device.SoftmaxCrossEntropy(loss, probs, logits, labels, rows, cols) })
}

func (d *timed) SoftmaxCrossEntropyGrad(dlogits, dloss, probs, labels kernels.Buffer, rows, cols int, m kernels.Mode) {
	d.time(of("SoftmaxCrossEntropyGrad", rows, cols), func() { d.Device.SoftmaxCrossEntropyGrad(dlogits, dloss, probs, labels, rows, cols, m) })
}

func (d *timed) CrossEntropy(loss, probs, labels kernels.Buffer, rows, cols int) {
	d.time(of("CrossEntropy", rows, cols), func() { d.Device.CrossEntropy(loss, probs, labels, rows, cols) })
}

func (d *timed) CrossEntropyGrad(dprobs, dloss, probs, labels kernels.Buffer, rows, cols int, m kernels.Mode) {
	d.time(of("CrossEntropyGrad", rows, cols), func() { d.Device.CrossEntropyGrad(dprobs, dloss, probs, labels, rows, cols, m) })
}

func (d *timed) SigmoidBinaryCrossEntropy(loss, logits, targets kernels.Buffer, rows, cols int) {
	d.time(of("SigmoidBinaryCrossEntropy", rows, cols), func() { d.Device.SigmoidBinaryCrossEntropy(loss, logits, targets, rows, cols) })
}

func (d *timed) SigmoidBinaryCrossEntropyGrad(dlogits, dloss, logits, targets kernels.Buffer, rows, cols int, m kernels.Mode) {
	d.time(of("SigmoidBinaryCrossEntropyGrad", rows, cols), func() { d.Device.SigmoidBinaryCrossEntropyGrad(dlogits, dloss, logits, targets, rows, cols, m) })
}

func (d *timed) BinaryCrossEntropy(loss, probs, targets kernels.Buffer, rows, cols int) {
	d.time(of("BinaryCrossEntropy", rows, cols), func() { d.Device.BinaryCrossEntropy(loss, probs, targets, rows, cols) })
}

func (d *timed) BinaryCrossEntropyGrad(dprobs, dloss, probs, targets kernels.Buffer, rows, cols int, m kernels.Mode) {
	d.time(of("BinaryCrossEntropyGrad", rows, cols), func() { d.Device.BinaryCrossEntropyGrad(dprobs, dloss, probs, targets, rows, cols, m) })
}

func (d *timed) MeanSquaredError(loss, x, targets kernels.Buffer, rows, cols int) {
	d.time(of("MeanSquaredError", rows, cols), func() { d.Device.MeanSquaredError(loss, x, targets, rows, cols) })
}

func (d *timed) MeanSquaredErrorGrad(dx, dloss, x, targets kernels.Buffer, rows, cols int, m kernels.Mode) {
	d.time(of("MeanSquaredErrorGrad", rows, cols), func() { d.Device.MeanSquaredErrorGrad(dx, dloss, x, targets, rows, cols, m) })
}

func (d *timed) Dropout(y, x, step kernels.Buffer, s kernels.DropoutSpec) {
	d.time(of("Dropout", length(y)), func() { d.Device.Dropout(y, x, step, s) })
}

func (d *timed) DropoutGrad(dx, dy, step kernels.Buffer, s kernels.DropoutSpec, m kernels.Mode) {
	d.time(of("DropoutGrad", length(dx)), func() { d.Device.DropoutGrad(dx, dy, step, s, m) })
}

func (d *timed) Uniform(y kernels.Buffer, low, high float32, seed uint64) {
	d.time(of("Uniform", length(y)), func() { d.Device.Uniform(y, low, high, seed) })
}

func (d *timed) Gather(dst, src, index, cursor kernels.Buffer, s kernels.GatherSpec) {
	d.time(of("Gather", s.Rows, s.Width), func() { d.Device.Gather(dst, src, index, cursor, s) })
}

func (d *timed) Equal(y, a, b kernels.Buffer) {
	d.time(of("Equal", length(y)), func() { d.Device.Equal(y, a, b) })
}

func (d *timed) Greater(y, x kernels.Buffer, threshold float32) {
	d.time(of("Greater", length(y)), func() { d.Device.Greater(y, x, threshold) })
}

func (d *timed) Advance(counters, by, rate, table kernels.Buffer) {
	d.time(of("Advance", length(counters)), func() { d.Device.Advance(counters, by, rate, table) })
}

func (d *timed) AddScaled(y, x kernels.Buffer, scale float32) {
	d.time(of("AddScaled", length(y)), func() { d.Device.AddScaled(y, x, scale) })
}

func (d *timed) SGD(w, g, v, rate kernels.Buffer, s kernels.SGDSpec) {
	d.time(of("SGD", length(w)), func() { d.Device.SGD(w, g, v, rate, s) })
}

func (d *timed) RMSprop(w, g, v, mean, moment, rate kernels.Buffer, s kernels.RMSpropSpec) {
	d.time(of("RMSprop", length(w)), func() { d.Device.RMSprop(w, g, v, mean, moment, rate, s) })
}

func (d *timed) Adam(w, g, m, v, rate kernels.Buffer, s kernels.AdamSpec) {
	d.time(of("Adam", length(w)), func() { d.Device.Adam(w, g, m, v, rate, s) })
}

func (d *timed) AddSquares(total, x kernels.Buffer) {
	d.time(of("AddSquares", length(x)), func() { d.Device.AddSquares(total, x) })
}

func (d *timed) ClipByNorm(x, total kernels.Buffer, limit float32) {
	d.time(of("ClipByNorm", length(x)), func() { d.Device.ClipByNorm(x, total, limit) })
}

func (d *timed) ClipByValue(x kernels.Buffer, limit float32) {
	d.time(of("ClipByValue", length(x)), func() { d.Device.ClipByValue(x, limit) })
}
