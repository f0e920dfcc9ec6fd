package avx

// How a product's operands reach the kernels: in place, or copied.

// operand sets where p reads B, for the strip of width columns from column j on and the run of K from
// k0 on:
//
//   - in place, if rows of B are whole strips already, or if few tiles of rows
//     read them;
//   - otherwise from the panel, whose rows are contiguous and padded to whole
//     registers. If fresh, the panel is made: for a strip of the usual width by
//     the kernel as it computes (p.panel), otherwise here.
func (t *matmulTask) operand(p *strip, panel []float32, j, width, k0, depth int, fresh bool) {
	s, tiles := t.s, &t.d.set.tiles
	padded := tiles.padded(width)
	whole := tiles.masked || width == padded
	if !s.TransB && whole && (t.strips.count() == 1 || t.blockRows <= 8*tiles.height && s.N <= 256) {
		p.b, p.bStep = address(t.b[k0*s.N+j:]), 4*s.N
		return
	}
	panel = panel[:padded*depth]
	p.b, p.bStep = address(panel), 4*padded
	switch {
	case !fresh:
	case s.TransB:
		tiles.transpose(panel, padded, t.b[j*s.K+k0:], s.K, width, depth)
		clearBehind(panel, width, padded)
	case whole && padded > tiles.lanes:
		p.b, p.bStep = address(t.b[k0*s.N+j:]), 4*s.N
		p.panel = address(panel)
	default:
		for k := range depth {
			copy(panel[k*padded:k*padded+width], t.b[(k0+k)*s.N+j:])
		}
		clearBehind(panel, width, padded)
	}
}

// clearBehind writes zeros after the first width floats of each row of a panel.
func clearBehind(panel []float32, width, padded int) {
	if width < padded {
		for ; len(panel) > 0; panel = panel[padded:] {
			clear(panel[width:padded])
		}
	}
}

// piece returns the address of the piece of A with m rows from i0 on and depth k from k0 on. If
// t.copyA, it copies the piece first, to tiles of [depth][8]: the kernel reads these one cache line
// after the other, instead of one line of each row.
func (t *matmulTask) piece(w *workspace, i0, m, k0, depth int) uintptr {
	s, tiles := t.s, &t.d.set.tiles
	switch {
	case !t.copyA && s.TransA:
		return address(t.a[k0*s.M+i0:])
	case !t.copyA:
		return address(t.a[i0*s.K+k0:])
	case s.TransA:
		height := tiles.height
		packed := w.a[:(m+height-1)/height*t.tileStep]
		// A tile's row is copied as 8 floats if A has that many left.
		whole := min((m+height-1)/height, max(0, (s.M-i0-8)/height+1))
		if whole > 0 {
			tiles.copyTiles(&packed[0], &t.a[k0*s.M+i0], 4*t.tileStep, 4*s.M, whole, depth)
		}
		for i := whole * height; i < m; i += height {
			tile, from := packed[i/height*t.tileStep:], t.a[k0*s.M+i0+i:]
			for k := range depth {
				copy(tile[8*k:8*k+m-i], from[k*s.M:])
			}
		}
		return address(packed)
	default:
		height := tiles.height
		packed := w.a[:(m+height-1)/height*t.tileStep]
		for i := 0; i < m; i += height {
			// If A has 8 more rows, they form a block, even if a tile has only 6 of them.
			rows := min(8, s.M-i0-i)
			if rows < 8 {
				rows = min(height, m-i)
			}
			tiles.transpose(packed[i/height*t.tileStep:], 8, t.a[(i0+i)*s.K+k0:], s.K, rows, depth)
		}
		return address(packed)
	}
}

// aheadA makes p prefetch the next piece of A, from row i0 on, if its lines are evenly spaced in
// either layout.
func (t *matmulTask) aheadA(p *strip, i0, k0, depth int) {
	s := t.s
	rows := min(t.step, s.M-i0)
	switch {
	case rows <= 0:
	case s.TransA: // the rows' part of each k, line after line
		p.ahead, p.aheadStep, p.aheadNext = address(t.a[k0*s.M+i0:]), 4*s.M, cacheLine
		p.aheadTiles = rows*4/cacheLine + 1
	case depth == s.K:
		p.ahead, p.aheadStep, p.aheadNext = address(t.a[i0*s.K:]), cacheLine, cacheLine*depth
		p.aheadTiles = rows*4/cacheLine + 1
	}
}

// aheadB makes p prefetch strip n: its panel, or if fresh, what that is made from.
func (t *matmulTask) aheadB(p *strip, panel []float32, n, k0, depth int, fresh bool) {
	s := t.s
	j, width := t.strips.strip(n)
	lines := func(floats int) int { return (4*floats + cacheLine - 1) / cacheLine }
	switch {
	case !fresh:
		p.ahead, p.aheadStep, p.aheadNext = address(panel), cacheLine, cacheLine*depth
		p.aheadTiles = lines(t.d.set.tiles.padded(width))
	case !s.TransB: // the first line of each row, then the second
		p.ahead, p.aheadStep, p.aheadNext = address(t.b[k0*s.N+j:]), 4*s.N, cacheLine
		p.aheadTiles = lines(width)
	case s.K <= 2*depth: // otherwise too much between its rows would be fetched in vain
		p.ahead, p.aheadStep, p.aheadNext = address(t.b[j*s.K+k0:]), cacheLine, cacheLine*depth
		p.aheadTiles = (lines(width*s.K) + depth - 1) / depth
	}
}

// cacheLine is the size of a cache line in bytes.
const cacheLine = 64

// sumChunks adds the chunks' products to C in order, then the bias, then applies ReLU.
func (t *matmulTask) sumChunks() {
	j := job{y: t.c, a: t.partial, b: t.bias, cols: t.s.N, relu: t.s.ReLU}
	t.d.share(&j, t.s.M, t.s.N*t.chunks, func(j *job, from, to int) {
		c := j.y[from*j.cols : to*j.cols]
		for partial := j.a; len(partial) > 0; partial = partial[len(j.y):] {
			j.k.add_scaled_f32(c, partial[from*j.cols:to*j.cols], 1)
		}
		if j.b != nil {
			for r := from; r < to; r++ {
				j.k.add_scaled_f32(j.row(j.y, r), j.b, 1)
			}
		}
		if j.relu {
			j.k.relu_fwd_f32(c, c)
		}
	})
}
