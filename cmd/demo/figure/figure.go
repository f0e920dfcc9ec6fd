// Package figure draws the pictures that people look at when they train
// networks on images, as PNG or SVG files, with gonum's plotting library.
package figure

import (
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	_ "gonum.org/v1/plot/vg/vgimg" // png
	_ "gonum.org/v1/plot/vg/vgsvg" // svg

	"baregrad/mnist"
)

// A Folder is where figures are saved, as NAME.Format.
type Folder struct {
	Dir    string
	Format string // png or svg; png if empty
	// Saved, if not nil, is called for each file.
	Saved func(path string)
}

// save draws a figure of the given size and writes it to a file.
func (f Folder) save(name string, width, height vg.Length, paint func(c draw.Canvas)) error {
	format := f.Format
	if format == "" {
		format = "png"
	}
	canvas, err := draw.NewFormattedCanvas(width, height, format)
	if err != nil {
		return fmt.Errorf("figure %s: %w", name, err)
	}
	c := draw.New(canvas)
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	paint(draw.Crop(c, 8, -8, 8, -8))
	path := filepath.Join(f.Dir, name+"."+format)
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = canvas.WriteTo(file)
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		os.Remove(path) // as on a full disk: no file is better than part of one
		return fmt.Errorf("figure %s: %w", name, err)
	}
	if f.Saved != nil {
		f.Saved(path)
	}
	return nil
}

// shades maps a value from 0 to 1 to a shade.
type shades func(v float64) color.Color

// ink is white paper and black ink, as digits are printed.
func ink(v float64) color.Color { return color.Gray{uint8(255 - 255*v)} }

// warmth goes from deep blue through green to yellow with even brightness, like viridis: a
// quadratic fit to it in each channel.
func warmth(v float64) color.Color {
	at := func(a, b, c float64) uint8 { return uint8(max(0, min(255, 255*(a+v*(b+v*c))))) }
	return color.RGBA{at(0.33, -0.86, 1.53), at(0.01, 1.30, -0.42), at(0.36, 0.95, -1.22), 255}
}

// difference is blue below one half, white at one half, red above.
func difference(v float64) color.Color {
	fade := func(x float64) uint8 { return uint8(max(0, min(255, 255*x))) }
	if v < 0.5 {
		return color.RGBA{fade(2 * v), fade(2 * v), 255, 255}
	}
	return color.RGBA{255, fade(2 - 2*v), fade(2 - 2*v), 255}
}

// scaled draws values from 0 to 1 as squares, which stay sharp when the picture is stretched.
func scaled(values []float64, rows, cols int, s shades) image.Image {
	const side = 8 // pixels for each value
	picture := image.NewRGBA(image.Rect(0, 0, cols*side, rows*side))
	for y := range rows * side {
		for x := range cols * side {
			picture.Set(x, y, s(values[y/side*cols+x/side]))
		}
	}
	return picture
}

// unit converts pixels to the range from 0 to 1.
func unit(pixels []uint8) []float64 {
	values := make([]float64, len(pixels))
	for i, p := range pixels {
		values[i] = float64(p) / 255
	}
	return values
}

// panel returns a plot of an image without axes.
func panel(picture image.Image, rows, cols int, title string, titleColor color.Color) *plot.Plot {
	p := plot.New()
	p.HideAxes()
	p.Title.Text = title
	p.Title.TextStyle.Color = titleColor
	p.Title.TextStyle.Font.Size = 9
	p.Add(plotter.NewImage(picture, 0, 0, float64(cols), float64(rows)))
	return p
}

var (
	black = color.Black
	green = color.RGBA{0, 120, 40, 255}
	red   = color.RGBA{190, 20, 20, 255}
	blue  = color.RGBA{40, 90, 180, 255}
	grey  = color.RGBA{170, 170, 170, 255}
)

// Image draws one image with a bar that shows which shade is which value.
func (f Folder) Image(name string, pixels []uint8, rows, cols int) error {
	return f.save(name, 5*vg.Inch, 4*vg.Inch, func(c draw.Canvas) {
		p := plot.New()
		p.Add(plotter.NewImage(scaled(unit(pixels), rows, cols, warmth), 0, 0, float64(cols), float64(rows)))
		p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, float64(cols), 0, float64(rows)
		p.Y.Tick.Marker = plot.TickerFunc(func(low, high float64) []plot.Tick { // counted from the top
			var ticks []plot.Tick
			for row := 0; row <= rows; row += 5 {
				ticks = append(ticks, plot.Tick{Value: float64(rows - row), Label: fmt.Sprint(row)})
			}
			return ticks
		})
		p.Draw(draw.Crop(c, 0, -1.1*vg.Inch, 0, 0))

		bar := plot.New()
		levels := make([]float64, 256)
		for i := range levels {
			levels[i] = float64(255-i) / 255
		}
		bar.Add(plotter.NewImage(scaled(levels, 256, 1, warmth), 0, 0, 1, 255))
		bar.HideX()
		bar.Y.Min, bar.Y.Max = 0, 255
		bar.Draw(draw.Crop(c, 4*vg.Inch, -0.3*vg.Inch, 0, 0))
	})
}

// Grid draws images with captions, five per row; the captions of right and wrong ones are green and
// red.
func (f Folder) Grid(name string, tiles []mnist.Tile) error {
	const across = 5
	down := (len(tiles) + across - 1) / across
	return f.save(name, across*1.4*vg.Inch, vg.Length(max(down, 1))*1.6*vg.Inch, func(c draw.Canvas) {
		layout := draw.Tiles{Cols: across, Rows: max(down, 1), PadX: 6, PadY: 6, PadTop: 4, PadBottom: 4, PadLeft: 4, PadRight: 4}
		for i, t := range tiles {
			tint := color.Color(black)
			switch t.Mark {
			case mnist.Right:
				tint = green
			case mnist.Wrong:
				tint = red
			}
			panel(scaled(unit(t.Pixels), t.Rows, t.Cols, ink), t.Rows, t.Cols, t.Caption, tint).
				Draw(layout.At(c, i%across, i/across))
		}
	})
}

// Prediction draws an image next to the bars of its probabilities: the predicted class is green if
// it is the actual one, otherwise red, with the actual one in blue.
func (f Folder) Prediction(name string, pixels []uint8, rows, cols int, probabilities []float32, classes []string, actual int) error {
	best := 0
	for i, v := range probabilities {
		if v > probabilities[best] {
			best = i
		}
	}
	tint := color.Color(green)
	if best != actual {
		tint = red
	}
	var failed error
	err := f.save(name, 7*vg.Inch, 3*vg.Inch, func(c draw.Canvas) {
		title := fmt.Sprintf("%s %.0f %% (%s)", classes[best], 100*probabilities[best], classes[actual])
		panel(scaled(unit(pixels), rows, cols, ink), rows, cols, title, tint).Draw(draw.Crop(c, 0, -4.2*vg.Inch, 0, 0))
		p := plot.New()
		for i, v := range probabilities {
			bar, err := plotter.NewBarChart(plotter.Values{float64(v)}, 14)
			if err != nil {
				failed = err
				return
			}
			bar.XMin = float64(i)
			bar.Color = grey
			switch i {
			case best:
				bar.Color = tint
			case actual:
				bar.Color = blue
			}
			bar.LineStyle.Width = 0
			p.Add(bar)
		}
		p.NominalX(classes...)
		if len(classes) > 0 && len(classes[0]) > 2 { // long names are vertical
			p.X.Tick.Label.Rotation = 0.9
			p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = draw.XRight, draw.YCenter
		}
		p.Y.Min, p.Y.Max = 0, 1
		p.Draw(draw.Crop(c, 3*vg.Inch, 0, 0, 0))
	})
	if failed != nil {
		return failed
	}
	return err
}
