// Package mnist holds the data that a first neural network is trained on, and
// the tools around it.
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
// knows nothing of tensors or networks and imports the standard library only.
//
// # Where data comes from
//
//   - [Load]: by name, "mnist" or "fashion"; from a folder, a cache, or a
//     download that is checked against what was published
//   - [LoadFS], [LoadNPZ]: data of one's own in the same forms
//   - [ReadIDX], [WriteIDX]: the format of MNIST's files
//   - [ReadNPY], [OpenNPZ], [WriteNPY], [WriteNPZ]: NumPy's formats
//   - [Digit], [ReadDigit]: any picture of a digit, brought to MNIST's form;
//     [Garment] to Fashion-MNIST's, [Plain] to neither; [Form] by name
//
// Readers take files from anywhere. What is wrong with one is a [FormatError]
// that says what was found and what was expected; none panics, and none takes
// more memory than the size of the file justifies.
//
// # What becomes of it
//
//   - [Set.Shuffle], [Set.Split], [Set.Batches], [ToCategorical]: what is done
//     to a data set before it is trained on
//   - [Augmenter]: random variations of images, from a seeded generator
//   - [Screen]: images, grids of them, predictions and confusion matrices,
//     drawn in a terminal
package mnist
