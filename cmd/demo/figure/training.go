package figure

import (
	"fmt"
	"image/color"
	"maps"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"baregrad/nn"
	"baregrad/tensor"
)

// Curves draws the history of a training run: one plot per value, with the validation values next
// to those of the training.
func (f Folder) Curves(name string, h *nn.History) error {
	var shown []string
	for _, value := range slices.Sorted(maps.Keys(h.Values)) {
		if !strings.HasPrefix(value, "val_") {
			shown = append(shown, value)
		}
	}
	if len(shown) == 0 {
		return fmt.Errorf("figure %s: the history is empty", name)
	}
	var failed error
	err := f.save(name, vg.Length(len(shown))*4*vg.Inch, 3*vg.Inch, func(c draw.Canvas) {
		layout := draw.Tiles{Cols: len(shown), Rows: 1, PadX: 8, PadTop: 4, PadRight: 8}
		for i, value := range shown {
			p := plot.New()
			p.Title.Text = value
			p.X.Label.Text = "epoch"
			p.Legend.Top = value != "accuracy"
			add := func(label, key string, tint color.Color) {
				points := plotter.XYs{}
				for j, v := range h.Values[key] {
					if !math.IsNaN(v) && !math.IsInf(v, 0) {
						points = append(points, plotter.XY{X: float64(h.Epoch[j] + 1), Y: v})
					}
				}
				line, dots, err := plotter.NewLinePoints(points)
				if err != nil {
					failed = err
					return
				}
				line.Color, dots.Color = tint, tint
				line.Width = 1.5
				p.Add(line, dots)
				p.Legend.Add(label, line)
			}
			add("training", value, blue)
			if len(h.Values["val_"+value]) > 0 {
				add("validation", "val_"+value, red)
			}
			p.Draw(layout.At(c, i, 0))
		}
	})
	if failed != nil {
		return failed
	}
	return err
}

// Confusion draws how often each class (row) was predicted as each class (column).
func (f Folder) Confusion(name string, counts [][]int, classes []string) error {
	n := len(counts)
	var failed error
	err := f.save(name, 5.5*vg.Inch, 5*vg.Inch, func(c draw.Canvas) {
		values := make([]float64, n*n)
		labels := plotter.XYLabels{}
		for i, row := range counts {
			total := 0
			for _, count := range row {
				total += count
			}
			for j, count := range row {
				values[i*n+j] = math.Sqrt(float64(count) / float64(max(total, 1))) // so that small counts are visible, too
				labels.XYs = append(labels.XYs, plotter.XY{X: float64(j), Y: float64(n - 1 - i)})
				labels.Labels = append(labels.Labels, fmt.Sprint(count))
			}
		}
		p := plot.New()
		p.X.Label.Text, p.Y.Label.Text = "predicted", "actual"
		light := func(v float64) color.Color { return color.RGBA{uint8(255 - 190*v), uint8(255 - 130*v), 255, 255} }
		p.Add(plotter.NewImage(scaled(values, n, n, light), -0.5, -0.5, float64(n)-0.5, float64(n)-0.5))
		text, err := plotter.NewLabels(labels)
		if err != nil {
			failed = err
			return
		}
		for i := range text.TextStyle {
			text.TextStyle[i].XAlign, text.TextStyle[i].YAlign = draw.XCenter, draw.YCenter
			text.TextStyle[i].Font.Size = 8
		}
		p.Add(text)
		p.NominalX(classes...)
		backwards := slices.Clone(classes)
		slices.Reverse(backwards)
		p.NominalY(backwards...)
		if n > 0 && len(classes[0]) > 2 {
			p.X.Tick.Label.Rotation = 0.9
			p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = draw.XRight, draw.YCenter
		}
		p.Draw(draw.Crop(c, 2, -6, 2, -4))
	})
	if failed != nil {
		return failed
	}
	return err
}

// Filters draws the filters of a convolution, weights [KH, KW, C, Out], for its first input
// channel: blue is negative, red positive.
func (f Folder) Filters(name string, weights *tensor.Tensor) error {
	if weights.Rank() != 4 {
		return fmt.Errorf("figure %s: weights of shape %v, expected [KH KW C Out]", name, weights.Shape())
	}
	kh, kw, channels, out := weights.Dim(0), weights.Dim(1), weights.Dim(2), weights.Dim(3)
	all := weights.Floats()
	return f.maps(name, out, kh, kw, difference, true, func(o, i int) float64 {
		return float64(all[i*channels*out+o])
	})
}

// Activations draws a layer's output for one image, [1, H, W, C], as C images.
func (f Folder) Activations(name string, output *tensor.Tensor) error {
	if output.Rank() != 4 || output.Dim(0) != 1 {
		return fmt.Errorf("figure %s: an output of shape %v, expected [1 H W C]", name, output.Shape())
	}
	h, w, channels := output.Dim(1), output.Dim(2), output.Dim(3)
	all := output.Floats()
	return f.maps(name, channels, h, w, warmth, false, func(c, i int) float64 { return float64(all[i*channels+c]) })
}

// maps draws n small images, eight per row. symmetric puts 0 in the middle of the shades.
func (f Folder) maps(name string, n, rows, cols int, s shades, symmetric bool, at func(image, i int) float64) error {
	const across = 8
	down := (n + across - 1) / across
	low, high := math.Inf(1), math.Inf(-1)
	for k := range n {
		for i := range rows * cols {
			low, high = math.Min(low, at(k, i)), math.Max(high, at(k, i))
		}
	}
	if symmetric {
		high = math.Max(math.Abs(low), math.Abs(high))
		low = -high
	}
	if !(high > low) {
		high = low + 1
	}
	return f.save(name, across*0.9*vg.Inch, vg.Length(max(down, 1))*0.9*vg.Inch, func(c draw.Canvas) {
		layout := draw.Tiles{Cols: across, Rows: max(down, 1), PadX: 4, PadY: 4, PadTop: 4, PadBottom: 4, PadLeft: 4, PadRight: 4}
		for k := range n {
			values := make([]float64, rows*cols)
			for i := range values {
				values[i] = (at(k, i) - low) / (high - low)
			}
			panel(scaled(values, rows, cols, s), rows, cols, "", black).Draw(layout.At(c, k%across, k/across))
		}
	})
}
