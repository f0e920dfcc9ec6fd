// Package mnist loads the MNIST database of handwritten digits.
//
// The four original files are embedded in the package (data/README.md names
// their authors and licence). Data sets are plain Go slices: the package
// knows nothing of tensors or networks.
package mnist
