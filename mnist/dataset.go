package mnist

import (
	"fmt"
	"slices"
	"strconv"
)

// Set is a set of labelled grey images of one size.
type Set struct {
	// Images holds N·Rows·Cols grey levels, 0 (background) to 255 (ink): the
	// images one after another, each row by row from the top.
	Images []uint8
	// Labels holds N class numbers, from 0.
	Labels []uint8

	N, Rows, Cols int // the number of images, and the size of each in pixels
}

// Image returns the Rows·Cols grey levels of image i, without copying them.
// It panics if i is not in [0, N).
func (s Set) Image(i int) []uint8 {
	if i < 0 || i >= s.N {
		panic(fmt.Sprintf("mnist: image %d of a set of %d", i, s.N))
	}
	size := s.Rows * s.Cols
	return s.Images[i*size : (i+1)*size : (i+1)*size]
}

// Int32Labels returns the labels as int32, the type in which networks take class numbers.
func (s Set) Int32Labels() []int32 {
	labels := make([]int32, len(s.Labels))
	for i, label := range s.Labels {
		labels[i] = int32(label)
	}
	return labels
}

// Slice returns images and labels [from, to) without copying them. It panics unless
// 0 ≤ from ≤ to ≤ N.
func (s Set) Slice(from, to int) Set {
	if from < 0 || from > to || to > s.N {
		panic(fmt.Sprintf("mnist: slice [%d:%d] of a set of %d", from, to, s.N))
	}
	size := s.Rows * s.Cols
	return Set{
		Images: s.Images[from*size : to*size : to*size],
		Labels: s.Labels[from:to:to],
		N:      to - from, Rows: s.Rows, Cols: s.Cols,
	}
}

// Clone returns a copy that shares no memory with s.
func (s Set) Clone() Set {
	s.Images = slices.Clone(s.Images)
	s.Labels = slices.Clone(s.Labels)
	return s
}

// Dataset is a data set: images to train on and images to test on.
type Dataset struct {
	Name       string   // the name that Load knows it by, such as "mnist"
	Title      string   // its name in print, such as "MNIST"
	ClassNames []string // the name of each class, by number
	Train      Set      // to train on
	Test       Set      // to evaluate on data not used for training

	// Source says where the files were found: "embedded", a folder or a file.
	Source string
	// Published reports whether the contents are, byte for byte, those that the
	// data set's authors published.
	Published bool
}

// The four files of a data set, named as in MNIST.
const (
	trainImages = iota
	trainLabels
	testImages
	testLabels
	numFiles
)

var fileNames = [numFiles]string{
	trainImages: "train-images-idx3-ubyte",
	trainLabels: "train-labels-idx1-ubyte",
	testImages:  "t10k-images-idx3-ubyte",
	testLabels:  "t10k-labels-idx1-ubyte",
}

// fill makes the two sets from what was read, and checks that everything fits
// together. Labels must be below the number of class names.
func (d *Dataset) fill(c *contents) (err error) {
	classes := len(d.ClassNames)
	d.Train, err = c.set(trainImages, trainLabels, classes)
	if err != nil {
		return err
	}
	d.Test, err = c.set(testImages, testLabels, classes)
	if err != nil {
		return err
	}
	return d.Test.expectSize(c.files[testImages], d.Train.Rows, d.Train.Cols)
}

// set makes a Set from the images and the labels with these file numbers.
func (c *contents) set(i, l, classes int) (Set, error) {
	images, labels := c.arrays[i], c.arrays[l]
	if err := expectDims(images, c.files[i], magicImages, "images"); err != nil {
		return Set{}, err
	}
	if err := expectDims(labels, c.files[l], magicLabels, "labels"); err != nil {
		return Set{}, err
	}
	s := Set{
		Images: images.Data, Labels: labels.Data,
		N: images.Dims[0], Rows: images.Dims[1], Cols: images.Dims[2],
	}
	return s, s.check(c.files[i], c.files[l], classes)
}

// ownDataset makes a data set with its own classes from what was read. Each class is
// named by its number.
func ownDataset(c *contents, source string) (*Dataset, error) {
	d := &Dataset{Name: "own", Title: "own data", Source: source, ClassNames: make([]string, 256)}
	if err := d.fill(c); err != nil {
		return nil, err
	}
	highest := max(slices.Max(d.Train.Labels), slices.Max(d.Test.Labels))
	d.ClassNames = d.ClassNames[:int(highest)+1]
	for i := range d.ClassNames {
		d.ClassNames[i] = strconv.Itoa(i)
	}
	return d, nil
}

// expectDims checks that an array has the magic number of images or labels.
func expectDims(x *IDX, file string, magic uint32, what string) error {
	if x.magic() == magic {
		return nil
	}
	return &FormatError{File: file, Thing: "magic number",
		Found:    fmt.Sprintf("0x%08x (%d dimensions)", x.magic(), len(x.Dims)),
		Expected: fmt.Sprintf("0x%08x (%d dimensions) for %s", magic, magic&0xff, what)}
}

// check returns an error for a set without images, images without pixels, a number
// of labels other than that of the images, or a label that is not below classes.
func (s Set) check(imagesFile, labelsFile string, classes int) error {
	if s.N < 1 {
		return &FormatError{File: imagesFile, Thing: "number of images",
			Found: strconv.Itoa(s.N), Expected: "at least 1"}
	}
	if s.Rows < 1 || s.Cols < 1 {
		return &FormatError{File: imagesFile, Thing: "size of the images",
			Found: formatSizes([]int{s.Rows, s.Cols}), Expected: "at least 1×1"}
	}
	if len(s.Labels) != s.N {
		return &FormatError{File: labelsFile, Thing: "number of labels",
			Found:    strconv.Itoa(len(s.Labels)),
			Expected: fmt.Sprintf("%d, one for each image of %s", s.N, imagesFile)}
	}
	for i, label := range s.Labels {
		if int(label) >= classes {
			return &FormatError{File: labelsFile, Thing: fmt.Sprintf("label %d", i),
				Found: strconv.Itoa(int(label)), Expected: fmt.Sprintf("0 to %d", classes-1)}
		}
	}
	return nil
}

// expectSize checks that the images have rows rows and cols columns.
func (s Set) expectSize(file string, rows, cols int) error {
	if s.Rows == rows && s.Cols == cols {
		return nil
	}
	return &FormatError{File: file, Thing: "size of the images",
		Found: formatSizes([]int{s.Rows, s.Cols}), Expected: formatSizes([]int{rows, cols})}
}
