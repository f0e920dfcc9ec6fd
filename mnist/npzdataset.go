package mnist

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"baregrad/internal/regular"
)

// npzNames are the arrays in a data set's .npz file, by Keras's names, in the order
// of the four IDX files.
var npzNames = [numFiles]string{"x_train", "y_train", "x_test", "y_test"}

// LoadNPZ returns the data set in the .npz file at path: Keras's mnist.npz, or one of
// the same form. It holds the images x_train and x_test, uint8 of shape (N, rows,
// columns), and the labels y_train and y_test, uint8, int32 or int64 of shape (N,). If
// the contents are those of a data set that Load knows, it gets that name and class
// names. Otherwise each class is named by its number. Contents that do not fit give a
// *FormatError.
func LoadNPZ(ctx context.Context, path string) (*Dataset, error) {
	c, err := readNPZ(ctx, path)
	if err != nil {
		return nil, err
	}
	return recognise(c, path)
}

// readNPZ reads the four arrays of the .npz file at path, with their sums.
func readNPZ(ctx context.Context, path string) (*contents, error) {
	f, size, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := OpenNPZ(f, size, path)
	if err != nil {
		return nil, err
	}
	c := &contents{}
	for i, name := range npzNames {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c.files[i] = path + ": " + name
		a, err := z.Read(name)
		if err != nil {
			return nil, err
		}
		toIDX := npzLabels
		if i == trainImages || i == testImages {
			toIDX = npzImages
		}
		if c.arrays[i], err = toIDX(a, c.files[i]); err != nil {
			return nil, err
		}
		c.sums[i] = c.arrays[i].sum()
	}
	return c, nil
}

// npzImages checks that an array holds images.
func npzImages(a *Array, file string) (*IDX, error) {
	pixels, ok := a.Data.([]uint8)
	if !ok {
		return nil, &FormatError{File: file, Thing: "type of the values", Found: a.DType(), Expected: "|u1 (uint8, from 0 to 255), for images"}
	}
	if len(a.Shape) != 3 {
		return nil, &FormatError{File: file, Thing: "shape", Found: formatShape(a.Shape),
			Expected: "(number, rows, columns), for images"}
	}
	return &IDX{Dims: a.Shape, Data: pixels}, nil
}

// npzLabels checks that an array holds labels from 0 to 255.
func npzLabels(a *Array, file string) (*IDX, error) {
	if len(a.Shape) != 1 {
		return nil, &FormatError{File: file, Thing: "shape", Found: formatShape(a.Shape),
			Expected: "(number,), for labels"}
	}
	var labels []uint8
	var err error
	switch data := a.Data.(type) {
	case []uint8:
		labels = data
	case []int32:
		labels, err = narrowLabels(data, file)
	case []int64:
		labels, err = narrowLabels(data, file)
	default:
		err = &FormatError{File: file, Thing: "type of the values", Found: a.DType(), Expected: "|u1, <i4 or <i8 (uint8, int32 or int64), for labels"}
	}
	if err != nil {
		return nil, err
	}
	return &IDX{Dims: a.Shape, Data: labels}, nil
}

// narrowLabels converts labels to bytes.
func narrowLabels[T int32 | int64](values []T, file string) ([]uint8, error) {
	labels := make([]uint8, len(values))
	for i, v := range values {
		if v < 0 || v > 255 {
			return nil, &FormatError{File: file, Thing: fmt.Sprintf("label %d", i),
				Found: fmt.Sprint(v), Expected: "0 to 255"}
		}
		labels[i] = uint8(v)
	}
	return labels, nil
}

// isNPZ reports whether path has the extension of a .npz file.
func isNPZ(path string) bool { return strings.EqualFold(filepath.Ext(path), ".npz") }
