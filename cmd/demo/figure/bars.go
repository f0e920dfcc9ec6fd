package figure

import (
	"fmt"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// hues distinguish the series.
var hues = []color.Color{
	color.RGBA{40, 90, 180, 255}, color.RGBA{120, 165, 230, 255}, color.RGBA{0, 120, 40, 255}, color.RGBA{120, 190, 130, 255},
	color.RGBA{170, 170, 170, 255}, color.RGBA{190, 20, 20, 255}, color.RGBA{230, 150, 60, 255},
}

// Bars draws figures as horizontal bars, with one group per row and one bar per series in it: cells
// is [row][series]. A cell of 0 has no bar. If figures differ more than fiftyfold, the axis is
// logarithmic, starting at a third of the smallest figure.
func (f Folder) Bars(name, title string, rows, series []string, cells [][]float64) error {
	low, high := 0.0, 0.0
	for _, row := range cells {
		for _, v := range row {
			if v > 0 && (low == 0 || v < low) {
				low = v
			}
			high = max(high, v)
		}
	}
	if high == 0 {
		return fmt.Errorf("figure %s: there is nothing to draw", name)
	}
	const thickness = vg.Length(7)
	group := thickness * vg.Length(len(series)+2)
	var failed error
	err := f.save(name, 9*vg.Inch, group*vg.Length(len(rows))+1.2*vg.Inch, func(c draw.Canvas) {
		p := plot.New()
		p.Title.Text = title
		base := 0.0
		if high > 50*low {
			base = low / 3
			p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
		}
		for j, label := range series {
			var swatch *plotter.Polygon
			for i, row := range cells {
				v := row[j]
				if v == 0 {
					continue
				}
				// The first row and the first series are at the top.
				y := float64(len(rows)-1-i) + 0.4 - 0.8*float64(j)/float64(len(series))
				below := y - 0.8/float64(len(series))*0.9
				bar, err := plotter.NewPolygon(plotter.XYs{{X: base, Y: below}, {X: base, Y: y}, {X: v, Y: y}, {X: v, Y: below}})
				if err != nil {
					failed = err
					return
				}
				bar.Color, bar.LineStyle.Width = hues[j%len(hues)], 0
				p.Add(bar)
				swatch = bar
			}
			if swatch != nil {
				p.Legend.Add(label, swatch)
			}
		}
		p.X.Min, p.X.Max = base, high
		p.Y.Min, p.Y.Max = -0.6, float64(len(rows))-0.4
		ticks := plot.ConstantTicks{}
		for i, row := range rows {
			ticks = append(ticks, plot.Tick{Value: float64(len(rows) - 1 - i), Label: row})
		}
		p.Y.Tick.Marker = ticks
		p.Y.Tick.LineStyle.Width = 0
		p.Add(plotter.NewGrid())
		// The legend is next to the bars, so that it hides none.
		legend := p.Legend
		p.Legend = plot.NewLegend()
		legend.Top = true
		p.Draw(draw.Crop(c, 0, -1.6*vg.Inch, 0, 0))
		legend.Draw(draw.Crop(c, 7.3*vg.Inch, 0, 0, -0.3*vg.Inch))
	})
	if failed != nil {
		return failed
	}
	return err
}
