package cuda

import (
	"encoding/binary"
	"strings"
	"testing"
	"text/template"

	"baregrad/kernels/cuda/driver"
	"baregrad/kernels/cuda/emulator"
)

// A kernel that records the tile of each block.
const rasterProbe = `.version 6.0
.target sm_70
.address_size 64
.visible .entry raster(.param .u64 param_tiles)
{
    .reg .u64 tiles, at;
    .reg .u32 row_tile, column_tile, x, y, width;
    {{template "raster"}}
    ld.param.u64 tiles, [param_tiles];
    cvta.to.global.u64 tiles, tiles;
    mov.u32     x, %ctaid.x;
    mov.u32     y, %ctaid.y;
    mov.u32     width, %nctaid.x;
    mad.lo.u32  x, y, width, x;
    mad.wide.u32 at, x, 8, tiles;
    st.global.v2.u32 [at], {row_tile, column_tile};
    ret;
}
`

// Every tile has a block. For a large product, the blocks that run at once on the 132
// multiprocessors of an H100, one on each, read little more than half of the rows and columns that
// they would in the order of their numbers.
func TestRaster(t *testing.T) {
	parsed, err := template.New("raster probe").ParseFS(files, "raster.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = parsed.Parse(rasterProbe); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := parsed.Execute(&text, nil); err != nil {
		t.Fatal(err)
	}
	d := emulator.NewDriver(emulator.Options{})
	defer d.Close()
	module, err := d.Load("raster", text.String())
	if err != nil {
		t.Fatal(err)
	}
	f, err := module.Function("raster")
	if err != nil {
		t.Fatal(err)
	}
	stream, err := d.NewStream()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		high, wide int
		bound      float64 // what is read, as a share of what the plain order reads
	}{{64, 32, 0.53}, {32, 16, 0.9}, {17, 3, 1}, {1, 1, 1}, {40, 5, 1}} {
		blocks := c.high * c.wide
		tiles, err := d.Alloc(int64(8 * blocks))
		if err != nil {
			t.Fatal(err)
		}
		grid := driver.Dim{X: c.high, Y: c.wide, Z: 1}
		if err := stream.Launch(f, driver.Launch{Grid: grid, Block: lanes(1), Args: []uint64{uint64(tiles)}}); err != nil {
			t.Fatal(err)
		}
		found := make([]byte, 8*blocks)
		if err := stream.Read(found, tiles); err != nil {
			t.Fatal(err)
		}
		seen := map[[2]int]bool{}
		read, plain := 0, 0 // rows of A and columns of B, over all waves
		for from := 0; from < blocks; from += 132 {
			panels, before := map[[2]int]int{}, map[[2]int]int{}
			for i := from; i < min(from+132, blocks); i++ {
				row := int(binary.LittleEndian.Uint32(found[8*i:]))
				column := int(binary.LittleEndian.Uint32(found[8*i+4:]))
				if row >= c.high || column >= c.wide || seen[[2]int{row, column}] {
					t.Fatalf("%d×%d tiles: block %d has tile (%d, %d), which is beyond or another's", c.high, c.wide, i, row, column)
				}
				seen[[2]int{row, column}] = true
				panels[[2]int{0, row}], panels[[2]int{1, column}] = 128, 256
				before[[2]int{0, i % c.high}], before[[2]int{1, i / c.high}] = 128, 256
			}
			for _, n := range panels {
				read += n
			}
			for _, n := range before {
				plain += n
			}
		}
		t.Logf("%d×%d tiles of 128×256: %.2f of what is read in the plain order", c.high, c.wide, float64(read)/float64(plain))
		if !(float64(read) <= c.bound*float64(plain)) {
			t.Errorf("%d×%d tiles: %d rows and columns are read, %d in the plain order; want %g of that at most", c.high, c.wide, read, plain, c.bound)
		}
	}
}
