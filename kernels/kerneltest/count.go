package kerneltest

import "baregrad/kernels"

// A method is a method of kernels.Device.
type method int

const (
	calledName method = iota
	calledClose
	calledAlloc
	calledWrite
	calledRead
	calledCopy
	calledFill
	calledSync
	calledMatMul
	calledSampledMatMul
	calledMatMulUpdate
	calledIm2Col
	calledCol2Im
	calledConv2D
	calledConv2DGradInput
	calledConv2DGradFilter
	calledMaxPool
	calledMaxPoolGrad
	calledBiasReLUMaxPoolGrad
	calledConv2DReLUMaxPool
	calledConv2DReLUMaxPoolGrad
	calledBiasReLUConv2DReLUMaxPoolGrad
	calledAvgPool
	calledAvgPoolGrad
	calledReLU
	calledReLUGrad
	calledBiasReLUGrad
	calledSigmoid
	calledSigmoidGrad
	calledTanh
	calledTanhGrad
	calledGELU
	calledGELUGrad
	calledExp
	calledExpGrad
	calledLog
	calledLogGrad
	calledAdd
	calledAddGrad
	calledSub
	calledSubGrad
	calledMul
	calledMulGrad
	calledDiv
	calledDivGrad
	calledAffine
	calledAffineGrad
	calledTranspose
	calledTransposeGrad
	calledSum
	calledSumGrad
	calledMean
	calledMeanGrad
	calledMax
	calledMaxGrad
	calledArgMax
	calledAccuracy
	calledSoftmax
	calledSoftmaxGrad
	calledLogSoftmax
	calledLogSoftmaxGrad
	calledSoftmaxCrossEntropy
	calledSoftmaxCrossEntropyGrad
	calledCrossEntropy
	calledCrossEntropyGrad
	calledSigmoidBinaryCrossEntropy
	calledSigmoidBinaryCrossEntropyGrad
	calledBinaryCrossEntropy
	calledBinaryCrossEntropyGrad
	calledMeanSquaredError
	calledMeanSquaredErrorGrad
	calledDropout
	calledDropoutGrad
	calledUniform
	calledGather
	calledEqual
	calledGreater
	calledAddScaled
	calledAdvance
	calledSGD
	calledRMSprop
	calledAdam
	calledAddSquares
	calledClipByNorm
	calledClipByValue
	methodCount
)

// counting is a Device that counts how often each method of another one
// returned. (Calls that panic are not counted: being given wrong sizes is not
// being tested.) It embeds nothing, so a method that is added to kernels.Device
// must be added here before the tests compile, and tested before they pass.
type counting struct {
	d     kernels.Device
	calls [methodCount]int
}

var _ kernels.Device = (*counting)(nil)

var methodNames = [methodCount]string{
	calledName:                          "Name",
	calledClose:                         "Close",
	calledAlloc:                         "Alloc",
	calledWrite:                         "Write",
	calledRead:                          "Read",
	calledCopy:                          "Copy",
	calledFill:                          "Fill",
	calledSync:                          "Sync",
	calledMatMul:                        "MatMul",
	calledSampledMatMul:                 "SampledMatMul",
	calledMatMulUpdate:                  "MatMulUpdate",
	calledIm2Col:                        "Im2Col",
	calledCol2Im:                        "Col2Im",
	calledConv2D:                        "Conv2D",
	calledConv2DGradInput:               "Conv2DGradInput",
	calledConv2DGradFilter:              "Conv2DGradFilter",
	calledMaxPool:                       "MaxPool",
	calledMaxPoolGrad:                   "MaxPoolGrad",
	calledBiasReLUMaxPoolGrad:           "BiasReLUMaxPoolGrad",
	calledConv2DReLUMaxPool:             "Conv2DReLUMaxPool",
	calledConv2DReLUMaxPoolGrad:         "Conv2DReLUMaxPoolGrad",
	calledBiasReLUConv2DReLUMaxPoolGrad: "BiasReLUConv2DReLUMaxPoolGrad",
	calledBiasReLUGrad:                  "BiasReLUGrad",
	calledAvgPool:                       "AvgPool",
	calledAvgPoolGrad:                   "AvgPoolGrad",
	calledReLU:                          "ReLU",
	calledReLUGrad:                      "ReLUGrad",
	calledSigmoid:                       "Sigmoid",
	calledSigmoidGrad:                   "SigmoidGrad",
	calledTanh:                          "Tanh",
	calledTanhGrad:                      "TanhGrad",
	calledGELU:                          "GELU",
	calledGELUGrad:                      "GELUGrad",
	calledExp:                           "Exp",
	calledExpGrad:                       "ExpGrad",
	calledLog:                           "Log",
	calledLogGrad:                       "LogGrad",
	calledAdd:                           "Add",
	calledAddGrad:                       "AddGrad",
	calledSub:                           "Sub",
	calledSubGrad:                       "SubGrad",
	calledMul:                           "Mul",
	calledMulGrad:                       "MulGrad",
	calledDiv:                           "Div",
	calledDivGrad:                       "DivGrad",
	calledAffine:                        "Affine",
	calledAffineGrad:                    "AffineGrad",
	calledTranspose:                     "Transpose",
	calledTransposeGrad:                 "TransposeGrad",
	calledSum:                           "Sum",
	calledSumGrad:                       "SumGrad",
	calledMean:                          "Mean",
	calledMeanGrad:                      "MeanGrad",
	calledMax:                           "Max",
	calledMaxGrad:                       "MaxGrad",
	calledArgMax:                        "ArgMax",
	calledAccuracy:                      "Accuracy",
	calledSoftmax:                       "Softmax",
	calledSoftmaxGrad:                   "SoftmaxGrad",
	calledLogSoftmax:                    "LogSoftmax",
	calledLogSoftmaxGrad:                "LogSoftmaxGrad",
	calledSoftmaxCrossEntropy:           "SoftmaxCrossEntropy",
	calledSoftmaxCrossEntropyGrad:       "SoftmaxCrossEntropyGrad",
	calledCrossEntropy:                  "CrossEntropy",
	calledCrossEntropyGrad:              "CrossEntropyGrad",
	calledSigmoidBinaryCrossEntropy:     "SigmoidBinaryCrossEntropy",
	calledSigmoidBinaryCrossEntropyGrad: "SigmoidBinaryCrossEntropyGrad",
	calledBinaryCrossEntropy:            "BinaryCrossEntropy",
	calledBinaryCrossEntropyGrad:        "BinaryCrossEntropyGrad",
	calledMeanSquaredError:              "MeanSquaredError",
	calledMeanSquaredErrorGrad:          "MeanSquaredErrorGrad",
	calledDropout:                       "Dropout",
	calledDropoutGrad:                   "DropoutGrad",
	calledUniform:                       "Uniform",
	calledGather:                        "Gather",
	calledEqual:                         "Equal",
	calledGreater:                       "Greater",
	calledAddScaled:                     "AddScaled",
	calledAdvance:                       "Advance",
	calledSGD:                           "SGD",
	calledRMSprop:                       "RMSprop",
	calledAdam:                          "Adam",
	calledAddSquares:                    "AddSquares",
	calledClipByNorm:                    "ClipByNorm",
	calledClipByValue:                   "ClipByValue",
}

func (counter *counting) Name() string {
	result := counter.d.Name()
	counter.calls[calledName]++
	return result
}
func (counter *counting) Close() error {
	result := counter.d.Close()
	counter.calls[calledClose]++
	return result
}
func (counter *counting) Alloc(t kernels.Type, n int) kernels.Buffer {
	result := counter.d.Alloc(t, n)
	counter.calls[calledAlloc]++
	return result
}
func (counter *counting) Write(dst kernels.Buffer, src []byte) {
	counter.d.Write(dst, src)
	counter.calls[calledWrite]++
}
func (counter *counting) Read(dst []byte, src kernels.Buffer) {
	counter.d.Read(dst, src)
	counter.calls[calledRead]++
}
func (counter *counting) Copy(dst, src kernels.Buffer) {
	counter.d.Copy(dst, src)
	counter.calls[calledCopy]++
}
func (counter *counting) Fill(dst kernels.Buffer, value float32) {
	counter.d.Fill(dst, value)
	counter.calls[calledFill]++
}
func (counter *counting) Sync() {
	counter.d.Sync()
	counter.calls[calledSync]++
}
func (counter *counting) MatMul(c, a, b, bias kernels.Buffer, s kernels.MatMulSpec) {
	counter.d.MatMul(c, a, b, bias, s)
	counter.calls[calledMatMul]++
}
func (counter *counting) SampledMatMul(c, a, b, gate kernels.Buffer, s kernels.MatMulSpec) {
	counter.d.SampledMatMul(c, a, b, gate, s)
	counter.calls[calledSampledMatMul]++
}
func (counter *counting) MatMulUpdate(u kernels.Update, g, a, b kernels.Buffer, s kernels.MatMulSpec) bool {
	result := counter.d.MatMulUpdate(u, g, a, b, s)
	counter.calls[calledMatMulUpdate]++
	return result
}
func (counter *counting) Im2Col(col, x kernels.Buffer, s kernels.ConvSpec) {
	counter.d.Im2Col(col, x, s)
	counter.calls[calledIm2Col]++
}
func (counter *counting) Col2Im(dx, dcol kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	counter.d.Col2Im(dx, dcol, s, m)
	counter.calls[calledCol2Im]++
}
func (counter *counting) Conv2D(y, x, w, bias kernels.Buffer, s kernels.ConvSpec) {
	counter.d.Conv2D(y, x, w, bias, s)
	counter.calls[calledConv2D]++
}
func (counter *counting) Conv2DGradInput(dx, dy, w kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	counter.d.Conv2DGradInput(dx, dy, w, s, m)
	counter.calls[calledConv2DGradInput]++
}
func (counter *counting) Conv2DGradFilter(dw, dy, x kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	counter.d.Conv2DGradFilter(dw, dy, x, s, m)
	counter.calls[calledConv2DGradFilter]++
}
func (counter *counting) MaxPool(y, arg, x kernels.Buffer, s kernels.PoolSpec) {
	counter.d.MaxPool(y, arg, x, s)
	counter.calls[calledMaxPool]++
}
func (counter *counting) MaxPoolGrad(dx, dy, arg kernels.Buffer, s kernels.PoolSpec, m kernels.Mode) {
	counter.d.MaxPoolGrad(dx, dy, arg, s, m)
	counter.calls[calledMaxPoolGrad]++
}
func (counter *counting) BiasReLUMaxPoolGrad(dx, dbias, dy, y, arg kernels.Buffer, s kernels.PoolSpec, m kernels.Mode) {
	counter.d.BiasReLUMaxPoolGrad(dx, dbias, dy, y, arg, s, m)
	counter.calls[calledBiasReLUMaxPoolGrad]++
}
func (counter *counting) Conv2DReLUMaxPool(y, arg, x, w, bias kernels.Buffer, s kernels.ConvPoolSpec) {
	counter.d.Conv2DReLUMaxPool(y, arg, x, w, bias, s)
	counter.calls[calledConv2DReLUMaxPool]++
}
func (counter *counting) Conv2DReLUMaxPoolGrad(dx, dw, dbias, dy, y, arg, x, w kernels.Buffer, s kernels.ConvPoolSpec, mx, mw, mb kernels.Mode) {
	counter.d.Conv2DReLUMaxPoolGrad(dx, dw, dbias, dy, y, arg, x, w, s, mx, mw, mb)
	counter.calls[calledConv2DReLUMaxPoolGrad]++
}
func (counter *counting) BiasReLUConv2DReLUMaxPoolGrad(dx, dbelow, dw, dbias, dy, y, arg, x, w kernels.Buffer, s kernels.ConvPoolSpec, mbelow, mw, mb kernels.Mode) bool {
	result := counter.d.BiasReLUConv2DReLUMaxPoolGrad(dx, dbelow, dw, dbias, dy, y, arg, x, w, s, mbelow, mw, mb)
	counter.calls[calledBiasReLUConv2DReLUMaxPoolGrad]++
	return result
}
func (counter *counting) AvgPool(y, x kernels.Buffer, s kernels.PoolSpec) {
	counter.d.AvgPool(y, x, s)
	counter.calls[calledAvgPool]++
}
func (counter *counting) AvgPoolGrad(dx, dy kernels.Buffer, s kernels.PoolSpec, m kernels.Mode) {
	counter.d.AvgPoolGrad(dx, dy, s, m)
	counter.calls[calledAvgPoolGrad]++
}
func (counter *counting) ReLU(y, x kernels.Buffer) {
	counter.d.ReLU(y, x)
	counter.calls[calledReLU]++
}
func (counter *counting) ReLUGrad(dx, dy, y kernels.Buffer, m kernels.Mode) {
	counter.d.ReLUGrad(dx, dy, y, m)
	counter.calls[calledReLUGrad]++
}
func (counter *counting) BiasReLUGrad(dx, dbias, dy, y kernels.Buffer, rows, cols int, m kernels.Mode) {
	counter.d.BiasReLUGrad(dx, dbias, dy, y, rows, cols, m)
	counter.calls[calledBiasReLUGrad]++
}
func (counter *counting) Sigmoid(y, x kernels.Buffer) {
	counter.d.Sigmoid(y, x)
	counter.calls[calledSigmoid]++
}
func (counter *counting) SigmoidGrad(dx, dy, y kernels.Buffer, m kernels.Mode) {
	counter.d.SigmoidGrad(dx, dy, y, m)
	counter.calls[calledSigmoidGrad]++
}
func (counter *counting) Tanh(y, x kernels.Buffer) {
	counter.d.Tanh(y, x)
	counter.calls[calledTanh]++
}
func (counter *counting) TanhGrad(dx, dy, y kernels.Buffer, m kernels.Mode) {
	counter.d.TanhGrad(dx, dy, y, m)
	counter.calls[calledTanhGrad]++
}

func (counter *counting) GELU(y, x kernels.Buffer) {
	counter.d.GELU(y, x)
	counter.calls[calledGELU]++
}

func (counter *counting) GELUGrad(dx, dy, x kernels.Buffer, m kernels.Mode) {
	counter.d.GELUGrad(dx, dy, x, m)
	counter.calls[calledGELUGrad]++
}
func (counter *counting) Exp(y, x kernels.Buffer) {
	counter.d.Exp(y, x)
	counter.calls[calledExp]++
}
func (counter *counting) ExpGrad(dx, dy, y kernels.Buffer, m kernels.Mode) {
	counter.d.ExpGrad(dx, dy, y, m)
	counter.calls[calledExpGrad]++
}
func (counter *counting) Log(y, x kernels.Buffer) {
	counter.d.Log(y, x)
	counter.calls[calledLog]++
}
func (counter *counting) LogGrad(dx, dy, x kernels.Buffer, m kernels.Mode) {
	counter.d.LogGrad(dx, dy, x, m)
	counter.calls[calledLogGrad]++
}
func (counter *counting) Add(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	counter.d.Add(y, a, b, s)
	counter.calls[calledAdd]++
}
func (counter *counting) AddGrad(da, db, dy kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode) {
	counter.d.AddGrad(da, db, dy, s, ma, mb)
	counter.calls[calledAddGrad]++
}
func (counter *counting) Sub(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	counter.d.Sub(y, a, b, s)
	counter.calls[calledSub]++
}
func (counter *counting) SubGrad(da, db, dy kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode) {
	counter.d.SubGrad(da, db, dy, s, ma, mb)
	counter.calls[calledSubGrad]++
}
func (counter *counting) Mul(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	counter.d.Mul(y, a, b, s)
	counter.calls[calledMul]++
}
func (counter *counting) MulGrad(da, db, dy, a, b kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode) {
	counter.d.MulGrad(da, db, dy, a, b, s, ma, mb)
	counter.calls[calledMulGrad]++
}
func (counter *counting) Div(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	counter.d.Div(y, a, b, s)
	counter.calls[calledDiv]++
}
func (counter *counting) DivGrad(da, db, dy, a, b kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode) {
	counter.d.DivGrad(da, db, dy, a, b, s, ma, mb)
	counter.calls[calledDivGrad]++
}
func (counter *counting) Affine(y, x kernels.Buffer, scale, shift float32) {
	counter.d.Affine(y, x, scale, shift)
	counter.calls[calledAffine]++
}
func (counter *counting) AffineGrad(dx, dy kernels.Buffer, scale float32, m kernels.Mode) {
	counter.d.AffineGrad(dx, dy, scale, m)
	counter.calls[calledAffineGrad]++
}
func (counter *counting) Transpose(y, x kernels.Buffer, s kernels.PermuteSpec) {
	counter.d.Transpose(y, x, s)
	counter.calls[calledTranspose]++
}
func (counter *counting) TransposeGrad(dx, dy kernels.Buffer, s kernels.PermuteSpec, m kernels.Mode) {
	counter.d.TransposeGrad(dx, dy, s, m)
	counter.calls[calledTransposeGrad]++
}
func (counter *counting) Sum(y, x kernels.Buffer, s kernels.ReduceSpec, m kernels.Mode) {
	counter.d.Sum(y, x, s, m)
	counter.calls[calledSum]++
}
func (counter *counting) SumGrad(dx, dy kernels.Buffer, s kernels.ReduceSpec, m kernels.Mode) {
	counter.d.SumGrad(dx, dy, s, m)
	counter.calls[calledSumGrad]++
}
func (counter *counting) Mean(y, x kernels.Buffer, s kernels.ReduceSpec) {
	counter.d.Mean(y, x, s)
	counter.calls[calledMean]++
}
func (counter *counting) MeanGrad(dx, dy kernels.Buffer, s kernels.ReduceSpec, m kernels.Mode) {
	counter.d.MeanGrad(dx, dy, s, m)
	counter.calls[calledMeanGrad]++
}
func (counter *counting) Max(y, arg, x kernels.Buffer, s kernels.ReduceSpec) {
	counter.d.Max(y, arg, x, s)
	counter.calls[calledMax]++
}
func (counter *counting) MaxGrad(dx, dy, arg kernels.Buffer, s kernels.ReduceSpec, m kernels.Mode) {
	counter.d.MaxGrad(dx, dy, arg, s, m)
	counter.calls[calledMaxGrad]++
}
func (counter *counting) ArgMax(arg, x kernels.Buffer, s kernels.ReduceSpec) {
	counter.d.ArgMax(arg, x, s)
	counter.calls[calledArgMax]++
}
func (counter *counting) Accuracy(y, x, labels kernels.Buffer, rows, cols int) {
	counter.d.Accuracy(y, x, labels, rows, cols)
	counter.calls[calledAccuracy]++
}
func (counter *counting) Softmax(y, x kernels.Buffer, rows, cols int) {
	counter.d.Softmax(y, x, rows, cols)
	counter.calls[calledSoftmax]++
}
func (counter *counting) SoftmaxGrad(dx, dy, y kernels.Buffer, rows, cols int, m kernels.Mode) {
	counter.d.SoftmaxGrad(dx, dy, y, rows, cols, m)
	counter.calls[calledSoftmaxGrad]++
}
func (counter *counting) LogSoftmax(y, x kernels.Buffer, rows, cols int) {
	counter.d.LogSoftmax(y, x, rows, cols)
	counter.calls[calledLogSoftmax]++
}
func (counter *counting) LogSoftmaxGrad(dx, dy, y kernels.Buffer, rows, cols int, m kernels.Mode) {
	counter.d.LogSoftmaxGrad(dx, dy, y, rows, cols, m)
	counter.calls[calledLogSoftmaxGrad]++
}
func (counter *counting) SoftmaxCrossEntropy(loss, probs, logits, labels kernels.Buffer, rows, cols int) {
	counter.d.SoftmaxCrossEntropy(loss, probs, logits, labels, rows, cols)
	counter.calls[calledSoftmaxCrossEntropy]++
}
func (counter *counting) SoftmaxCrossEntropyGrad(dlogits, dloss, probs, labels kernels.Buffer, rows, cols int, m kernels.Mode) {
	counter.d.SoftmaxCrossEntropyGrad(dlogits, dloss, probs, labels, rows, cols, m)
	counter.calls[calledSoftmaxCrossEntropyGrad]++
}
func (counter *counting) CrossEntropy(loss, probs, labels kernels.Buffer, rows, cols int) {
	counter.d.CrossEntropy(loss, probs, labels, rows, cols)
	counter.calls[calledCrossEntropy]++
}
func (counter *counting) CrossEntropyGrad(dprobs, dloss, probs, labels kernels.Buffer, rows, cols int, m kernels.Mode) {
	counter.d.CrossEntropyGrad(dprobs, dloss, probs, labels, rows, cols, m)
	counter.calls[calledCrossEntropyGrad]++
}
func (counter *counting) SigmoidBinaryCrossEntropy(loss, logits, targets kernels.Buffer, rows, cols int) {
	counter.d.SigmoidBinaryCrossEntropy(loss, logits, targets, rows, cols)
	counter.calls[calledSigmoidBinaryCrossEntropy]++
}
func (counter *counting) SigmoidBinaryCrossEntropyGrad(dlogits, dloss, logits, targets kernels.Buffer, rows, cols int, m kernels.Mode) {
	counter.d.SigmoidBinaryCrossEntropyGrad(dlogits, dloss, logits, targets, rows, cols, m)
	counter.calls[calledSigmoidBinaryCrossEntropyGrad]++
}
func (counter *counting) BinaryCrossEntropy(loss, probs, targets kernels.Buffer, rows, cols int) {
	counter.d.BinaryCrossEntropy(loss, probs, targets, rows, cols)
	counter.calls[calledBinaryCrossEntropy]++
}
func (counter *counting) BinaryCrossEntropyGrad(dprobs, dloss, probs, targets kernels.Buffer, rows, cols int, m kernels.Mode) {
	counter.d.BinaryCrossEntropyGrad(dprobs, dloss, probs, targets, rows, cols, m)
	counter.calls[calledBinaryCrossEntropyGrad]++
}
func (counter *counting) MeanSquaredError(loss, x, targets kernels.Buffer, rows, cols int) {
	counter.d.MeanSquaredError(loss, x, targets, rows, cols)
	counter.calls[calledMeanSquaredError]++
}
func (counter *counting) MeanSquaredErrorGrad(dx, dloss, x, targets kernels.Buffer, rows, cols int, m kernels.Mode) {
	counter.d.MeanSquaredErrorGrad(dx, dloss, x, targets, rows, cols, m)
	counter.calls[calledMeanSquaredErrorGrad]++
}
func (counter *counting) Dropout(y, x, step kernels.Buffer, s kernels.DropoutSpec) {
	counter.d.Dropout(y, x, step, s)
	counter.calls[calledDropout]++
}
func (counter *counting) DropoutGrad(dx, dy, step kernels.Buffer, s kernels.DropoutSpec, m kernels.Mode) {
	counter.d.DropoutGrad(dx, dy, step, s, m)
	counter.calls[calledDropoutGrad]++
}
func (counter *counting) Uniform(y kernels.Buffer, low, high float32, seed uint64) {
	counter.d.Uniform(y, low, high, seed)
	counter.calls[calledUniform]++
}
func (counter *counting) Gather(dst, src, index, cursor kernels.Buffer, s kernels.GatherSpec) {
	counter.d.Gather(dst, src, index, cursor, s)
	counter.calls[calledGather]++
}
func (counter *counting) Equal(y, a, b kernels.Buffer) {
	counter.d.Equal(y, a, b)
	counter.calls[calledEqual]++
}
func (counter *counting) Greater(y, x kernels.Buffer, threshold float32) {
	counter.d.Greater(y, x, threshold)
	counter.calls[calledGreater]++
}
func (counter *counting) AddScaled(y, x kernels.Buffer, scale float32) {
	counter.d.AddScaled(y, x, scale)
	counter.calls[calledAddScaled]++
}
func (counter *counting) Advance(counters, by, rate, table kernels.Buffer) {
	counter.d.Advance(counters, by, rate, table)
	counter.calls[calledAdvance]++
}
func (counter *counting) SGD(w, g, v, rate kernels.Buffer, s kernels.SGDSpec) {
	counter.d.SGD(w, g, v, rate, s)
	counter.calls[calledSGD]++
}
func (counter *counting) RMSprop(w, g, v, mean, moment, rate kernels.Buffer, s kernels.RMSpropSpec) {
	counter.d.RMSprop(w, g, v, mean, moment, rate, s)
	counter.calls[calledRMSprop]++
}
func (counter *counting) Adam(w, g, m, v, rate kernels.Buffer, s kernels.AdamSpec) {
	counter.d.Adam(w, g, m, v, rate, s)
	counter.calls[calledAdam]++
}
func (counter *counting) AddSquares(total, x kernels.Buffer) {
	counter.d.AddSquares(total, x)
	counter.calls[calledAddSquares]++
}
func (counter *counting) ClipByNorm(x, total kernels.Buffer, limit float32) {
	counter.d.ClipByNorm(x, total, limit)
	counter.calls[calledClipByNorm]++
}
func (counter *counting) ClipByValue(x kernels.Buffer, limit float32) {
	counter.d.ClipByValue(x, limit)
	counter.calls[calledClipByValue]++
}
