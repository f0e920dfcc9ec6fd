// Package mnist provides the data on which first neural networks are trained, and
// the tools for it.
//
// The MNIST database of handwritten digits is part of the package: 60,000
// images to train on and 10,000 to test with, 28×28 grey pixels each, in the
// four files that their authors published (data/README.md names the authors
// and the licence). One call loads it:
//
//	data, err := mnist.Load(ctx, "mnist", mnist.Options{})
//
// A [Dataset] is plain Go slices: data.Train.Images has the grey levels, 0 for
// the background and 255 for ink, and data.Train.Labels the digits. The package
// knows nothing of tensors or networks.
//
// # Where data comes from
//
//   - [Load]: by name, "mnist" or "fashion"; from a folder, a cache, or a
//     download that is checked against the published sums
//   - [LoadFS], [LoadNPZ]: your own data in the same formats
//   - [ReadIDX], [WriteIDX]: the format of MNIST's files
//   - [ReadNPY], [OpenNPZ], [WriteNPY], [WriteNPZ]: NumPy's formats
//   - [Digit], [ReadDigit]: any picture of a digit, converted to MNIST's form;
//     [Garment] to Fashion-MNIST's, [Plain] to neither; [Form] by name
//
// Readers accept files from any source. If one is wrong, the error is a [FormatError]
// that says what was found and what was expected. No reader panics, and none takes
// more memory than the file's size justifies.
//
// # What to do with it
//
//   - [Set.Shuffle], [Set.Split], [Set.Batches], [ToCategorical]: preparing a data
//     set for training
//   - [Augmenter]: random variations of images, from a seeded generator
//   - [Screen]: images, grids of them, predictions and confusion matrices,
//     drawn in a terminal
package mnist
