package avx

import "baregrad/kernels"

// Products that take about a microsecond, such as those of ten classes and a small batch. There is
// nothing to share, to copy or to skip, and planning them as matmul.go does would take half as long
// again: so they are strips, one after the other.

const (
	// smallRows is the most rows of a small product: the table of rows is as long.
	smallRows = 256
	// smallWork is more multiply-adds than a small product has: they are not shared among workers.
	smallWork = 2 * leastPart
)

// smallProduct is the memory of small products.
type smallProduct struct {
	strip strip
	rows  [smallRows + tileRows]int
}

// isSmall tells whether a product is small.
func isSmall(s kernels.MatMulSpec) bool {
	return s.M <= smallRows && s.K <= blockK && s.M*s.N*s.K < smallWork
}

// multiplySmall computes a small product, with the same bits as multiply.
func (d *Device) multiplySmall(c, a, b, bias []float32, s kernels.MatMulSpec) {
	tiles, p, panel := &d.set.tiles, &d.small.strip, d.workspaces[0].panels
	each := 4 * s.K // bytes from row to row of A
	p.aStep = 4
	if s.TransA {
		each, p.aStep = 4, 4*s.M
	}
	rows := d.small.rows[:(s.M+tiles.height-1)/tiles.height*tiles.height]
	for i := range rows {
		rows[i] = min(i, s.M-1) * each
	}
	p.a, p.length, p.segments = address(a), s.K, 1
	p.add, p.relu, p.cStep = s.Mode == kernels.Accumulate, s.ReLU, 4*s.N
	for j := 0; j < s.N; {
		width := min(tiles.columns(s.N-j), s.N-j)
		padded := tiles.padded(width)
		p.rows, p.m, p.c, p.bias = address(rows), s.M, address(c[j:]), 0
		if bias != nil {
			p.bias = address(bias[j:])
		}
		p.b, p.bStep = address(panel), 4*padded
		switch {
		case s.TransB:
			tiles.transpose(panel, padded, b[j*s.K:], s.K, width, s.K)
			clearBehind(panel[:padded*s.K], width, padded)
		case tiles.masked || width == padded:
			p.b, p.bStep = address(b[j:]), 4*s.N
		default:
			for k := range s.K {
				copy(panel[k*padded:k*padded+width], b[k*s.N+j:])
			}
			clearBehind(panel[:padded*s.K], width, padded)
		}
		tiles.run(p, width)
		j += width
	}
}
