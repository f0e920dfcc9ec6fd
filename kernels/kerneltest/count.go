package kerneltest

import (
	"reflect"

	"baregrad/kernels"
)

// counting is a Device that counts how often each method of another one
// returned. (Calls that panic are not counted: being given wrong sizes is not
// being tested.) It embeds nothing, so a method that is added to kernels.Device
// must be added here before the tests compile, and tested before they pass.
type counting struct {
	d     kernels.Device
	calls map[string]int // by method; all of them are there from the beginning
}

var _ kernels.Device = (*counting)(nil)

func newCounting(d kernels.Device) *counting {
	counter := &counting{d, map[string]int{}}
	device := reflect.TypeFor[kernels.Device]()
	for i := range device.NumMethod() {
		counter.calls[device.Method(i).Name] = 0
	}
	return counter
}

func (counter *counting) Name() string {
	result := counter.d.Name()
	counter.calls["Name"]++
	return result
}
func (counter *counting) Close() error {
	result := counter.d.Close()
	counter.calls["Close"]++
	return result
}
func (counter *counting) Alloc(t kernels.Type, n int) kernels.Buffer {
	result := counter.d.Alloc(t, n)
	counter.calls["Alloc"]++
	return result
}
func (counter *counting) Write(dst kernels.Buffer, src []byte) {
	counter.d.Write(dst, src)
	counter.calls["Write"]++
}
func (counter *counting) Read(dst []byte, src kernels.Buffer) {
	counter.d.Read(dst, src)
	counter.calls["Read"]++
}
func (counter *counting) Copy(dst, src kernels.Buffer) {
	counter.d.Copy(dst, src)
	counter.calls["Copy"]++
}
func (counter *counting) Fill(dst kernels.Buffer, value float32) {
	counter.d.Fill(dst, value)
	counter.calls["Fill"]++
}
func (counter *counting) Sync() {
	counter.d.Sync()
	counter.calls["Sync"]++
}
func (counter *counting) MatMul(c, a, b, bias kernels.Buffer, s kernels.MatMulSpec) {
	counter.d.MatMul(c, a, b, bias, s)
	counter.calls["MatMul"]++
}
func (counter *counting) SampledMatMul(c, a, b, gate kernels.Buffer, s kernels.MatMulSpec) {
	counter.d.SampledMatMul(c, a, b, gate, s)
	counter.calls["SampledMatMul"]++
}
func (counter *counting) MatMulUpdate(u kernels.Update, g, a, b kernels.Buffer, s kernels.MatMulSpec) bool {
	result := counter.d.MatMulUpdate(u, g, a, b, s)
	counter.calls["MatMulUpdate"]++
	return result
}
func (counter *counting) Im2Col(col, x kernels.Buffer, s kernels.ConvSpec) {
	counter.d.Im2Col(col, x, s)
	counter.calls["Im2Col"]++
}
func (counter *counting) Col2Im(dx, dcol kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	counter.d.Col2Im(dx, dcol, s, m)
	counter.calls["Col2Im"]++
}
func (counter *counting) Conv2D(y, x, w, bias kernels.Buffer, s kernels.ConvSpec) {
	counter.d.Conv2D(y, x, w, bias, s)
	counter.calls["Conv2D"]++
}
func (counter *counting) Conv2DGradInput(dx, dy, w kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	counter.d.Conv2DGradInput(dx, dy, w, s, m)
	counter.calls["Conv2DGradInput"]++
}
func (counter *counting) Conv2DGradFilter(dw, dy, x kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	counter.d.Conv2DGradFilter(dw, dy, x, s, m)
	counter.calls["Conv2DGradFilter"]++
}
func (counter *counting) MaxPool(y, arg, x kernels.Buffer, s kernels.PoolSpec) {
	counter.d.MaxPool(y, arg, x, s)
	counter.calls["MaxPool"]++
}
func (counter *counting) MaxPoolGrad(dx, dy, arg kernels.Buffer, s kernels.PoolSpec, m kernels.Mode) {
	counter.d.MaxPoolGrad(dx, dy, arg, s, m)
	counter.calls["MaxPoolGrad"]++
}
func (counter *counting) BiasReLUMaxPoolGrad(dx, dbias, dy, y, arg kernels.Buffer, s kernels.PoolSpec, m kernels.Mode) {
	counter.d.BiasReLUMaxPoolGrad(dx, dbias, dy, y, arg, s, m)
	counter.calls["BiasReLUMaxPoolGrad"]++
}
func (counter *counting) Conv2DReLUMaxPool(y, arg, x, w, bias kernels.Buffer, s kernels.ConvPoolSpec) {
	counter.d.Conv2DReLUMaxPool(y, arg, x, w, bias, s)
	counter.calls["Conv2DReLUMaxPool"]++
}
func (counter *counting) Conv2DReLUMaxPoolGrad(dx, dw, dbias, dy, y, arg, x, w kernels.Buffer, s kernels.ConvPoolSpec, mx, mw, mb kernels.Mode) {
	counter.d.Conv2DReLUMaxPoolGrad(dx, dw, dbias, dy, y, arg, x, w, s, mx, mw, mb)
	counter.calls["Conv2DReLUMaxPoolGrad"]++
}
func (counter *counting) BiasReLUConv2DReLUMaxPoolGrad(dx, dbelow, dw, dbias, dy, y, arg, x, w kernels.Buffer, s kernels.ConvPoolSpec, mbelow, mw, mb kernels.Mode) bool {
	result := counter.d.BiasReLUConv2DReLUMaxPoolGrad(dx, dbelow, dw, dbias, dy, y, arg, x, w, s, mbelow, mw, mb)
	counter.calls["BiasReLUConv2DReLUMaxPoolGrad"]++
	return result
}
func (counter *counting) AvgPool(y, x kernels.Buffer, s kernels.PoolSpec) {
	counter.d.AvgPool(y, x, s)
	counter.calls["AvgPool"]++
}
func (counter *counting) AvgPoolGrad(dx, dy kernels.Buffer, s kernels.PoolSpec, m kernels.Mode) {
	counter.d.AvgPoolGrad(dx, dy, s, m)
	counter.calls["AvgPoolGrad"]++
}
func (counter *counting) ReLU(y, x kernels.Buffer) {
	counter.d.ReLU(y, x)
	counter.calls["ReLU"]++
}
func (counter *counting) ReLUGrad(dx, dy, y kernels.Buffer, m kernels.Mode) {
	counter.d.ReLUGrad(dx, dy, y, m)
	counter.calls["ReLUGrad"]++
}
func (counter *counting) BiasReLUGrad(dx, dbias, dy, y kernels.Buffer, rows, cols int, m kernels.Mode) {
	counter.d.BiasReLUGrad(dx, dbias, dy, y, rows, cols, m)
	counter.calls["BiasReLUGrad"]++
}
func (counter *counting) Sigmoid(y, x kernels.Buffer) {
	counter.d.Sigmoid(y, x)
	counter.calls["Sigmoid"]++
}
func (counter *counting) SigmoidGrad(dx, dy, y kernels.Buffer, m kernels.Mode) {
	counter.d.SigmoidGrad(dx, dy, y, m)
	counter.calls["SigmoidGrad"]++
}
func (counter *counting) Tanh(y, x kernels.Buffer) {
	counter.d.Tanh(y, x)
	counter.calls["Tanh"]++
}
func (counter *counting) TanhGrad(dx, dy, y kernels.Buffer, m kernels.Mode) {
	counter.d.TanhGrad(dx, dy, y, m)
	counter.calls["TanhGrad"]++
}
func (counter *counting) GELU(y, x kernels.Buffer) {
	counter.d.GELU(y, x)
	counter.calls["GELU"]++
}
func (counter *counting) GELUGrad(dx, dy, x kernels.Buffer, m kernels.Mode) {
	counter.d.GELUGrad(dx, dy, x, m)
	counter.calls["GELUGrad"]++
}
func (counter *counting) Exp(y, x kernels.Buffer) {
	counter.d.Exp(y, x)
	counter.calls["Exp"]++
}
func (counter *counting) ExpGrad(dx, dy, y kernels.Buffer, m kernels.Mode) {
	counter.d.ExpGrad(dx, dy, y, m)
	counter.calls["ExpGrad"]++
}
func (counter *counting) Log(y, x kernels.Buffer) {
	counter.d.Log(y, x)
	counter.calls["Log"]++
}
func (counter *counting) LogGrad(dx, dy, x kernels.Buffer, m kernels.Mode) {
	counter.d.LogGrad(dx, dy, x, m)
	counter.calls["LogGrad"]++
}
func (counter *counting) Add(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	counter.d.Add(y, a, b, s)
	counter.calls["Add"]++
}
func (counter *counting) AddGrad(da, db, dy kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode) {
	counter.d.AddGrad(da, db, dy, s, ma, mb)
	counter.calls["AddGrad"]++
}
func (counter *counting) Sub(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	counter.d.Sub(y, a, b, s)
	counter.calls["Sub"]++
}
func (counter *counting) SubGrad(da, db, dy kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode) {
	counter.d.SubGrad(da, db, dy, s, ma, mb)
	counter.calls["SubGrad"]++
}
func (counter *counting) Mul(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	counter.d.Mul(y, a, b, s)
	counter.calls["Mul"]++
}
func (counter *counting) MulGrad(da, db, dy, a, b kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode) {
	counter.d.MulGrad(da, db, dy, a, b, s, ma, mb)
	counter.calls["MulGrad"]++
}
func (counter *counting) Div(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	counter.d.Div(y, a, b, s)
	counter.calls["Div"]++
}
func (counter *counting) DivGrad(da, db, dy, a, b kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode) {
	counter.d.DivGrad(da, db, dy, a, b, s, ma, mb)
	counter.calls["DivGrad"]++
}
func (counter *counting) Affine(y, x kernels.Buffer, scale, shift float32) {
	counter.d.Affine(y, x, scale, shift)
	counter.calls["Affine"]++
}
func (counter *counting) AffineGrad(dx, dy kernels.Buffer, scale float32, m kernels.Mode) {
	counter.d.AffineGrad(dx, dy, scale, m)
	counter.calls["AffineGrad"]++
}
func (counter *counting) Transpose(y, x kernels.Buffer, s kernels.PermuteSpec) {
	counter.d.Transpose(y, x, s)
	counter.calls["Transpose"]++
}
func (counter *counting) TransposeGrad(dx, dy kernels.Buffer, s kernels.PermuteSpec, m kernels.Mode) {
	counter.d.TransposeGrad(dx, dy, s, m)
	counter.calls["TransposeGrad"]++
}
func (counter *counting) Sum(y, x kernels.Buffer, s kernels.ReduceSpec, m kernels.Mode) {
	counter.d.Sum(y, x, s, m)
	counter.calls["Sum"]++
}
func (counter *counting) SumGrad(dx, dy kernels.Buffer, s kernels.ReduceSpec, m kernels.Mode) {
	counter.d.SumGrad(dx, dy, s, m)
	counter.calls["SumGrad"]++
}
func (counter *counting) Mean(y, x kernels.Buffer, s kernels.ReduceSpec) {
	counter.d.Mean(y, x, s)
	counter.calls["Mean"]++
}
func (counter *counting) MeanGrad(dx, dy kernels.Buffer, s kernels.ReduceSpec, m kernels.Mode) {
	counter.d.MeanGrad(dx, dy, s, m)
	counter.calls["MeanGrad"]++
}
func (counter *counting) Max(y, arg, x kernels.Buffer, s kernels.ReduceSpec) {
	counter.d.Max(y, arg, x, s)
	counter.calls["Max"]++
}
func (counter *counting) MaxGrad(dx, dy, arg kernels.Buffer, s kernels.ReduceSpec, m kernels.Mode) {
	counter.d.MaxGrad(dx, dy, arg, s, m)
	counter.calls["MaxGrad"]++
}
func (counter *counting) ArgMax(arg, x kernels.Buffer, s kernels.ReduceSpec) {
	counter.d.ArgMax(arg, x, s)
	counter.calls["ArgMax"]++
}
func (counter *counting) Accuracy(y, x, labels kernels.Buffer, rows, cols int) {
	counter.d.Accuracy(y, x, labels, rows, cols)
	counter.calls["Accuracy"]++
}
func (counter *counting) BatchNorm(y, mean, variance, x, gamma, beta kernels.Buffer, rows, cols int, epsilon float32) {
	counter.d.BatchNorm(y, mean, variance, x, gamma, beta, rows, cols, epsilon)
	counter.calls["BatchNorm"]++
}
func (counter *counting) BatchNormGrad(dx, dgamma, dbeta, dy, x, mean, variance, gamma kernels.Buffer, rows, cols int, epsilon float32, mx, mg, mb kernels.Mode) {
	counter.d.BatchNormGrad(dx, dgamma, dbeta, dy, x, mean, variance, gamma, rows, cols, epsilon, mx, mg, mb)
	counter.calls["BatchNormGrad"]++
}
func (counter *counting) LayerNorm(y, mean, inverse, x, gamma, beta kernels.Buffer, rows, cols int, epsilon float32) {
	counter.d.LayerNorm(y, mean, inverse, x, gamma, beta, rows, cols, epsilon)
	counter.calls["LayerNorm"]++
}
func (counter *counting) LayerNormGrad(dx, dgamma, dbeta, dy, x, mean, inverse, gamma kernels.Buffer, rows, cols int, mx, mg, mb kernels.Mode) {
	counter.d.LayerNormGrad(dx, dgamma, dbeta, dy, x, mean, inverse, gamma, rows, cols, mx, mg, mb)
	counter.calls["LayerNormGrad"]++
}
func (counter *counting) Softmax(y, x kernels.Buffer, rows, cols int) {
	counter.d.Softmax(y, x, rows, cols)
	counter.calls["Softmax"]++
}
func (counter *counting) SoftmaxGrad(dx, dy, y kernels.Buffer, rows, cols int, m kernels.Mode) {
	counter.d.SoftmaxGrad(dx, dy, y, rows, cols, m)
	counter.calls["SoftmaxGrad"]++
}
func (counter *counting) LogSoftmax(y, x kernels.Buffer, rows, cols int) {
	counter.d.LogSoftmax(y, x, rows, cols)
	counter.calls["LogSoftmax"]++
}
func (counter *counting) LogSoftmaxGrad(dx, dy, y kernels.Buffer, rows, cols int, m kernels.Mode) {
	counter.d.LogSoftmaxGrad(dx, dy, y, rows, cols, m)
	counter.calls["LogSoftmaxGrad"]++
}
func (counter *counting) SoftmaxCrossEntropy(loss, probs, logits, labels kernels.Buffer, rows, cols int) {
	counter.d.SoftmaxCrossEntropy(loss, probs, logits, labels, rows, cols)
	counter.calls["SoftmaxCrossEntropy"]++
}
func (counter *counting) SoftmaxCrossEntropyGrad(dlogits, dloss, probs, labels kernels.Buffer, rows, cols int, m kernels.Mode) {
	counter.d.SoftmaxCrossEntropyGrad(dlogits, dloss, probs, labels, rows, cols, m)
	counter.calls["SoftmaxCrossEntropyGrad"]++
}
func (counter *counting) CrossEntropy(loss, probs, labels kernels.Buffer, rows, cols int) {
	counter.d.CrossEntropy(loss, probs, labels, rows, cols)
	counter.calls["CrossEntropy"]++
}
func (counter *counting) CrossEntropyGrad(dprobs, dloss, probs, labels kernels.Buffer, rows, cols int, m kernels.Mode) {
	counter.d.CrossEntropyGrad(dprobs, dloss, probs, labels, rows, cols, m)
	counter.calls["CrossEntropyGrad"]++
}
func (counter *counting) SigmoidBinaryCrossEntropy(loss, logits, targets kernels.Buffer, rows, cols int) {
	counter.d.SigmoidBinaryCrossEntropy(loss, logits, targets, rows, cols)
	counter.calls["SigmoidBinaryCrossEntropy"]++
}
func (counter *counting) SigmoidBinaryCrossEntropyGrad(dlogits, dloss, logits, targets kernels.Buffer, rows, cols int, m kernels.Mode) {
	counter.d.SigmoidBinaryCrossEntropyGrad(dlogits, dloss, logits, targets, rows, cols, m)
	counter.calls["SigmoidBinaryCrossEntropyGrad"]++
}
func (counter *counting) BinaryCrossEntropy(loss, probs, targets kernels.Buffer, rows, cols int) {
	counter.d.BinaryCrossEntropy(loss, probs, targets, rows, cols)
	counter.calls["BinaryCrossEntropy"]++
}
func (counter *counting) BinaryCrossEntropyGrad(dprobs, dloss, probs, targets kernels.Buffer, rows, cols int, m kernels.Mode) {
	counter.d.BinaryCrossEntropyGrad(dprobs, dloss, probs, targets, rows, cols, m)
	counter.calls["BinaryCrossEntropyGrad"]++
}
func (counter *counting) MeanSquaredError(loss, x, targets kernels.Buffer, rows, cols int) {
	counter.d.MeanSquaredError(loss, x, targets, rows, cols)
	counter.calls["MeanSquaredError"]++
}
func (counter *counting) MeanSquaredErrorGrad(dx, dloss, x, targets kernels.Buffer, rows, cols int, m kernels.Mode) {
	counter.d.MeanSquaredErrorGrad(dx, dloss, x, targets, rows, cols, m)
	counter.calls["MeanSquaredErrorGrad"]++
}
func (counter *counting) Dropout(y, x, step kernels.Buffer, s kernels.DropoutSpec) {
	counter.d.Dropout(y, x, step, s)
	counter.calls["Dropout"]++
}
func (counter *counting) DropoutGrad(dx, dy, step kernels.Buffer, s kernels.DropoutSpec, m kernels.Mode) {
	counter.d.DropoutGrad(dx, dy, step, s, m)
	counter.calls["DropoutGrad"]++
}
func (counter *counting) Uniform(y kernels.Buffer, low, high float32, seed uint64) {
	counter.d.Uniform(y, low, high, seed)
	counter.calls["Uniform"]++
}
func (counter *counting) Gather(dst, src, index, cursor kernels.Buffer, s kernels.GatherSpec) {
	counter.d.Gather(dst, src, index, cursor, s)
	counter.calls["Gather"]++
}
func (counter *counting) Equal(y, a, b kernels.Buffer) {
	counter.d.Equal(y, a, b)
	counter.calls["Equal"]++
}
func (counter *counting) Greater(y, x kernels.Buffer, threshold float32) {
	counter.d.Greater(y, x, threshold)
	counter.calls["Greater"]++
}
func (counter *counting) AddScaled(y, x kernels.Buffer, scale float32) {
	counter.d.AddScaled(y, x, scale)
	counter.calls["AddScaled"]++
}
func (counter *counting) Advance(counters, by, rate, table kernels.Buffer) {
	counter.d.Advance(counters, by, rate, table)
	counter.calls["Advance"]++
}
func (counter *counting) SGD(w, g, v, rate kernels.Buffer, s kernels.SGDSpec) {
	counter.d.SGD(w, g, v, rate, s)
	counter.calls["SGD"]++
}
func (counter *counting) RMSprop(w, g, v, mean, moment, rate kernels.Buffer, s kernels.RMSpropSpec) {
	counter.d.RMSprop(w, g, v, mean, moment, rate, s)
	counter.calls["RMSprop"]++
}
func (counter *counting) Adam(w, g, m, v, rate kernels.Buffer, s kernels.AdamSpec) {
	counter.d.Adam(w, g, m, v, rate, s)
	counter.calls["Adam"]++
}
func (counter *counting) AddSquares(total, x kernels.Buffer) {
	counter.d.AddSquares(total, x)
	counter.calls["AddSquares"]++
}
func (counter *counting) ClipByNorm(x, total kernels.Buffer, limit float32) {
	counter.d.ClipByNorm(x, total, limit)
	counter.calls["ClipByNorm"]++
}
func (counter *counting) ClipByValue(x kernels.Buffer, limit float32) {
	counter.d.ClipByValue(x, limit)
	counter.calls["ClipByValue"]++
}
