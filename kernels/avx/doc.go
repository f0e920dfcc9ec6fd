// Package avx computes on x86-64 processors with hand-written Go assembly, for AVX-512 and for AVX2
// with FMA. Operations without assembly run on the reference, which Device embeds.
//
//	operation                      | AVX-512 | AVX2 | shared among workers
//	-------------------------------|---------|------|---------------------
//	MatMul                         | yes     | yes  | yes
//	  skipping zeros of A          | yes     | yes  | yes
//	SampledMatMul                  | yes     | yes  | yes
//	MatMulUpdate                   | as MatMul and the optimizer
//	Conv2D and its gradients:      |         |      |
//	  directly                     | yes     | yes  | yes
//	  3×3 by Winograd's algorithm  | yes     | yes  | yes
//	Conv2D with ReLU and 2×2 max   |         |      |
//	  pooling: by both algorithms, |         |      |
//	  and for one channel,         |         |      |
//	  skipping zeros               | yes     | yes  | yes
//	  gradients, from the nonzeros | yes     | yes  | yes
//	  and with the ReLU below      | yes     | yes  | yes
//	Pooling and its gradients      | yes     | yes  | yes
//	ReLU, Sigmoid, Tanh, Exp, Log  | yes     | yes  | yes
//	GELU                           | yes     | yes  | yes
//	BiasReLU's and                 |         |      |
//	  BiasReLUMaxPool's gradients  | yes     | yes  | yes
//	BatchNorm and its gradient     | yes     | yes  | yes
//	LayerNorm and its gradient     | yes     | yes  | yes
//	Softmax, LogSoftmax            | yes     | yes  | yes
//	SoftmaxCrossEntropy            | yes     | yes  | yes
//	SigmoidBinaryCrossEntropy      | yes     | yes  | yes
//	BinaryCrossEntropy             | yes     | yes  | yes
//	MeanSquaredError               | yes     | yes  | yes
//	Add, Sub, Mul, Div             | yes     | yes  | yes
//	  gradients for equal shapes   | yes     | yes  | yes
//	  AddGrad, SubGrad of a bias,  |         |      |
//	  a column or a scalar         | yes     | yes  | yes
//	Affine, AddScaled, Fill        | yes     | yes  | yes
//	Sum, Mean                      | yes     | yes  | yes
//	Max, ArgMax over the last axis | yes     | yes  | yes
//	Dropout, Uniform               | yes     | yes  | yes
//	Gather of uint8 and float32    | yes     | yes  | yes
//	Im2Col, Col2Im that only add   |         |      |
//	  or remove a border           | copy    | copy | yes
//	Transpose; its gradient unless |         |      |
//	  it accumulates               | AVX2's  | yes  | yes
//	Equal, Greater                 | yes     | yes  | no
//	SGD, Adam; RMSprop if neither  |         |      |
//	  centered nor with momentum   | yes     | yes  | yes
//	  otherwise                    | no      | no   | yes
//	everything else                | reference kernels
//
// # Zeros
//
// Many of the numbers that a network multiplies are 0: background pixels, what a ReLU or a dropout
// set to 0, and the gradient of everything that was not a window's maximum. Some kernels skip the
// products with such zeros. The time of a call then depends on the values of its operands, not on
// their sizes alone:
//
//	zeros.go             MatMul: zeros of A, if a sample shows that there are enough
//	zeros_rows.go        the same, for an A that is not stored transposed
//	sampled_matmul.go    SampledMatMul: elements of C whose gate is closed, after a sample too
//	conv_pool_one.go     pooled convolution of one channel: pixels that are 0
//	conv_pool_filter.go  its filter gradient: such pixels, and all but each window's maximum
//	conv_sparse.go       gradients of a pooled convolution of more channels: all zeros of the
//	                     output's gradient, however many there are
//
// 0 times an infinity or NaN is NaN, so nothing is skipped where the other operand has one. The
// exception is zeros of the gradient of a pooled convolution's output, which may be skipped whatever
// the other factor is: see kernels.Device.
//
// # Files
//
// The kinds of files:
//
//	NAME.go                 sizes, splitting the work, calling the kernels
//	NAME_avx512_amd64.s     the kernels for AVX-512
//	NAME_avx2_amd64.s       the kernels for AVX2 with FMA
//	NAME_amd64.h            macros that these share: masks, sums of lanes, exp, Philox
//	NAME_amd64.go           their declarations, each with the Go loop that it replaces
//
// Which ones to read, for
//
//	the device              device.go: which instruction sets there are and which one is
//	                        chosen; sets_amd64.go: the table of each set's kernels;
//	                        processor.go: name and caches; peak.go: peak speed
//	the workers             pool.go; job.go: vectors or rows split among them;
//	                        workspace.go: each worker's own memory
//	MatMul                  matmul.go; matmul_cut.go: how it is split; matmul_operands.go:
//	                        what the kernels read; matmul_halves.go; strip.go, strip_*.s: the
//	                        inner loop; columns.go, pack_*.s: B packed; matmul_update.go;
//	                        matmul_small.go: products not worth a plan
//	MatMul skipping zeros   zeros.go: what all of it shares, with zeros_finite_*.s;
//	                        zeros_choice.go: how long a choice is kept;
//	                        zeros_rows.go, zeros_rows_sample.go, zeros_bits_*.s: of A;
//	                        zeros_columns.go, zeros_mark_*.s: of a transposed A;
//	                        zeros_rows_*.s: the products of both;
//	                        matmul_adam.go: a product and Adam's step with it
//	SampledMatMul           sampled_matmul.go
//	Conv2D                  conv.go, on strip.go; conv_view.go: padding; conv_filter.go: the
//	                        gradient of the filter
//	  by Winograd           winograd.go, winograd_tiles.go; winograd_input.go,
//	                        winograd_filter.go: the gradients;
//	                        winograd_pool.go, winograd_background.go; winograd_product.go
//	  with ReLU and pooling conv_pool.go, on either of these; conv_pool_one.go: one channel;
//	                        conv_pool_filter.go, conv_pool_*.s: its gradient; conv_sparse.go:
//	                        the gradients of more channels, from the nonzeros that
//	                        conv_sparse_rows.go and conv_nonzeros_*.s find, with
//	                        conv_sparse_product.go and conv_sparse_positions_*.s
//	pooling                 pooling.go; pooling_2x2_*.s: 2×2 windows
//	elementwise             activation.go, with relu, exp and gelu; affine.go; arithmetic.go,
//	                        with product_*.s; bias_relu.go, bias_relu_*.s; optimizer.go: the steps,
//	                        with adam_amd64.h, root_amd64.h, subnormal_amd64.h
//	sums, maxima, losses    reduce.go; batch_norm.go; layer_norm.go; softmax.go; loss.go;
//	                        classes.go: few classes
//	copies and random bits  transpose.go; im2col.go: borders of zeros; convert.go: Gather,
//	                        with gather_amd64.h; dropout.go, with philox
//	vectors in general      vector.go: the names of the kernels on vectors and rows;
//	                        vector_test.go tests each of them at every length;
//	                        lanes_amd64.h, lanes_amd64.s: tails; math_amd64.s: constants
//	                        of exp; prefetch_amd64.s: prefetching
//
// Other architectures and the build tag purego have no assembly: New returns an error there, and
// package auto opens the reference instead.
package avx
