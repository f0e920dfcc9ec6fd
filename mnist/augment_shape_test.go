package mnist

import (
	"math"
	"testing"
)

// An image that is not square turns and grows about its own centre.
func TestAugmentKeepsTheCenter(t *testing.T) {
	for _, size := range [][2]int{{41, 41}, {31, 61}, {60, 30}} {
		rows, cols := size[0], size[1]
		centerX, centerY := float64(cols-1)/2, float64(rows-1)/2
		src := make([]uint8, rows*cols)
		for i := range src {
			x, y := float64(i%cols)-centerX, float64(i/cols)-centerY
			src[i] = uint8(200 * math.Exp(-(x*x+y*y)/20))
		}
		dst := make([]uint8, len(src))
		r := generator(4)
		for range 20 {
			Augmenter{Rotate: 45, Scale: .2}.Images(dst, src, rows, cols, r)
			var mass, massX, massY float64
			for i, v := range dst {
				mass += float64(v)
				massX += float64(v) * float64(i%cols)
				massY += float64(v) * float64(i/cols)
			}
			// Rounding the levels moves it a little.
			if x, y := massX/mass, massY/mass; !(math.Abs(x-centerX) <= .1) || !(math.Abs(y-centerY) <= .1) {
				t.Fatalf("%d×%d: a spot at the centre, (%v, %v), is now at (%.2f, %.2f)", rows, cols, centerX, centerY, x, y)
			}
		}
	}
}

// Elastic displacements are smooth in both directions, also in an image that is not square:
// neighbours move alike.
func TestAugmentElasticIsSmooth(t *testing.T) {
	const sigma, edge = 4., 10
	for _, size := range [][2]int{{40, 90}, {90, 40}} {
		rows, cols := size[0], size[1]
		// Levels that grow from left to right show displacements along x, the others those along y.
		for axis, grows := range []func(i int) float64{
			func(i int) float64 { return float64(i%cols) / float64(cols-1) },
			func(i int) float64 { return float64(i/cols) / float64(rows-1) },
		} {
			src, dst := make([]uint8, rows*cols), make([]uint8, rows*cols)
			for i := range src {
				src[i] = uint8(math.Round(255 * grows(i)))
			}
			Augmenter{Alpha: 40, Sigma: sigma}.Images(dst, src, rows, cols, generator(5))
			moved := func(x, y int) float64 { return float64(dst[y*cols+x]) - float64(src[y*cols+x]) }
			var squares, across, down float64
			for y := edge; y < rows-edge; y++ {
				for x := edge; x < cols-edge; x++ {
					v := moved(x, y)
					squares += v * v
					across += math.Pow(moved(x+1, y)-v, 2)
					down += math.Pow(moved(x, y+1)-v, 2)
				}
			}
			// Smoothed noise has the correlation exp(-d²/4·sigma²) at the distance d, and its
			// differences have twice the share of the variance that is missing there: .031. Some
			// more is the rounding of levels.
			for direction, share := range map[string]float64{"across": across / squares, "down": down / squares} {
				if !(share > 0 && share <= .1) {
					t.Errorf("%d×%d, displacements along axis %d: neighbours %s differ by %.3f of the variance, expected about .03",
						rows, cols, axis, direction, share)
				}
			}
		}
	}
}
