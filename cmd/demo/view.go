package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"

	"baregrad/cmd/demo/figure"
	"baregrad/mnist"
	"baregrad/nn"
	"baregrad/tensor"
)

// shownMaps is the maximum number of filters or activations drawn in a terminal.
const shownMaps = 32

// A view draws what is inside a model.
type view struct {
	*classifier
	w       io.Writer
	screen  mnist.Screen
	figures *figure.Folder // nil draws no files
}

// filters draws the weights of the first layer that sees pixels: of a convolution for its first
// input channel, or of each unit of a dense layer.
func (v *view) filters() error {
	for _, l := range v.Layers() {
		var weights *tensor.Tensor // [KH, KW, C, Out]
		what := "filters"
		switch l.Layer.(type) {
		case *nn.Conv2D:
			weights = l.Params[0].Value
		case *nn.Dense:
			kernel := l.Params[0].Value
			if kernel.Dim(0) != side*side {
				return nil
			}
			weights, what = kernel.Reshape(side, side, 1, kernel.Dim(1)), "units, the weight of each pixel"
		default:
			continue
		}
		kh, kw, channels, out := weights.Dim(0), weights.Dim(1), weights.Dim(2), weights.Dim(3)
		all := weights.Floats()
		fmt.Fprintf(v.w, "\n%s: %d %s\n", l.Name, out, what)
		v.maps(out, kh, kw, func(o, i int) float32 { return all[i*channels*out+o] })
		if v.figures == nil {
			return nil
		}
		return v.figures.Filters("filters", weights)
	}
	return nil
}

// activations draws an image, the model's prediction for it, and a layer's output. actual is the
// image's class, or -1.
func (v *view) activations(ctx context.Context, layer string, pixels []uint8, title string, actual int) error {
	p, err := v.classify(ctx, pixels)
	if err != nil {
		return err
	}
	fmt.Fprintf(v.w, "\n%s\n%s", title, v.screen.Prediction(pixels, side, side, p, v.classes, best(p)))
	if v.figures != nil && actual >= 0 {
		if err := v.figures.Prediction("prediction", pixels, side, side, p, v.classes, actual); err != nil {
			return err
		}
	}
	if layer == "" {
		layer = v.firstLayer()
	}
	x := v.examples(pixels)
	defer x.Free()
	out, err := v.LayerOutput(ctx, layer, x, nn.EvaluateOptions{})
	if err != nil {
		return err
	}
	defer out.Free()
	maps := v.asMaps(layer, out)
	h, w, channels := maps.Dim(1), maps.Dim(2), maps.Dim(3)
	all := maps.Floats()
	fmt.Fprintf(v.w, "\nOutput of %s: %v\n", layer, out.Shape()[1:])
	v.maps(channels, h, w, func(c, i int) float32 { return all[i*channels+c] })
	if v.figures == nil {
		return nil
	}
	return v.figures.Activations("activations-"+layer, maps)
}

// known returns an error if the model has no layer of that name; the empty name is no error.
func (v *view) known(name string) error {
	names := []string{}
	for _, l := range v.Layers() {
		names = append(names, l.Name)
	}
	if name == "" || slices.Contains(names, name) {
		return nil
	}
	return nn.Unknown("layer", name, names)
}

// firstLayer returns the layer whose activations are shown by default.
func (v *view) firstLayer() string {
	name := ""
	for _, l := range v.Layers() {
		if _, ok := l.Layer.(*nn.Conv2D); ok {
			return l.Name
		}
		if name == "" && len(l.Params) > 0 {
			name = l.Name
		}
	}
	if name == "" {
		return v.Layers()[0].Name
	}
	return name
}

// asMaps converts a layer's output for one example to [1, H, W, C]: channels-first images are
// transposed, and a vector becomes one image that is roughly square.
func (v *view) asMaps(layer string, out *tensor.Tensor) *tensor.Tensor {
	shape := out.Shape()[1:]
	switch len(shape) {
	case 3:
		if v.channelsFirst(layer) {
			c, h, w := shape[0], shape[1], shape[2]
			from, to := out.Floats(), make([]float32, out.Len())
			for i := range to {
				to[i] = from[i%c*h*w+i/c]
			}
			return tensor.From(v.Device(), to, 1, h, w, c)
		}
		return out
	case 2:
		return out.Reshape(1, shape[0], shape[1], 1)
	}
	n := out.Len()
	rows := int(math.Sqrt(float64(n)))
	for n%rows != 0 {
		rows--
	}
	return out.Reshape(1, rows, n/rows, 1)
}

// channelsFirst reports whether a layer's output images are channels-first. The last layer up to it
// that has a data format decides.
func (v *view) channelsFirst(layer string) bool {
	in := v.InputShape()
	first := len(in) == 3 && in[0] == 1 && in[2] != 1
	for _, l := range v.Layers() {
		switch l := l.Layer.(type) {
		case *nn.Conv2D:
			first = l.DataFormat == nn.ChannelsFirst
		case *nn.MaxPooling2D:
			first = l.DataFormat == nn.ChannelsFirst
		case *nn.AveragePooling2D:
			first = l.DataFormat == nn.ChannelsFirst
		}
		if l.Name == layer {
			break
		}
	}
	return first
}

// maps draws n small images in the terminal, all on the same scale: the smallest value is black,
// the largest white.
func (v *view) maps(n, rows, cols int, at func(image, i int) float32) {
	shown := min(n, shownMaps)
	values := make([]float32, 0, shown*rows*cols)
	for k := range shown {
		for i := range rows * cols {
			values = append(values, at(k, i))
		}
	}
	levels := mnist.GreyLevels(values)
	var tiles []mnist.Tile
	for k := range shown {
		pixels, r, c := resize(levels[k*rows*cols:(k+1)*rows*cols], rows, cols)
		tiles = append(tiles, mnist.Tile{Pixels: pixels, Rows: r, Cols: c})
	}
	fmt.Fprint(v.w, v.screen.Grid(tiles))
	if n > shown {
		rest := "with --out, all are drawn to a file"
		if v.figures != nil {
			rest = "all are drawn to the file"
		}
		fmt.Fprintf(v.w, "(the first %d of %d; %s)\n", shown, n, rest)
	}
}

// resize makes an image about 12 pixels wide, by repeating pixels or averaging blocks of pixels.
func resize(pixels []uint8, rows, cols int) (out []uint8, outRows, outCols int) {
	const width = 12
	if up := width / cols; up > 1 {
		outRows, outCols = rows*up, cols*up
		for y := range outRows {
			for x := range outCols {
				out = append(out, pixels[y/up*cols+x/up])
			}
		}
		return out, outRows, outCols
	}
	down := max(1, (cols+width/2)/width)
	outRows, outCols = (rows+down-1)/down, (cols+down-1)/down
	for y := range outRows {
		for x := range outCols {
			sum, n := 0, 0
			for i := y * down; i < min((y+1)*down, rows); i++ {
				for j := x * down; j < min((x+1)*down, cols); j++ {
					sum += int(pixels[i*cols+j])
					n++
				}
			}
			out = append(out, uint8(sum/n))
		}
	}
	return out, outRows, outCols
}
