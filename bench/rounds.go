package bench

// takeBest takes over what another round measured better. Other programs only ever make a figure
// worse, and may do so for longer than a round's time for one figure. For the gains of several
// cores, the turns of all rounds count.
func (r *Report) takeBest(o *Report) {
	better(r.Peaks, o.Peaks, func(a, b *PeakResult) bool { return a.Config == b.Config },
		func(a, b *PeakResult) { a.GFLOPS, a.CopyGBs = max(a.GFLOPS, b.GFLOPS), max(a.CopyGBs, b.CopyGBs) })
	for set, peak := range o.PeakFLOPS {
		r.PeakFLOPS[set] = max(r.PeakFLOPS[set], peak)
	}
	better(r.MatMul, o.MatMul, (*ProductResult).same,
		func(a, b *ProductResult) { a.GFLOPS = max(a.GFLOPS, b.GFLOPS) })
	better(r.Sparse, o.Sparse, func(a, b *SparseResult) bool {
		return a.same(&b.ProductResult) && a.Transposed == b.Transposed && a.Of == b.Of
	}, func(a, b *SparseResult) { a.GFLOPS = max(a.GFLOPS, b.GFLOPS) })
	better(r.Train, o.Train, func(a, b *TrainResult) bool { return a.Config == b.Config && a.Network == b.Network },
		func(a, b *TrainResult) {
			if b.StepSeconds < a.StepSeconds {
				*a = *b
			}
		})
	r.takeTurns(o)
	better(r.Transfers, o.Transfers, func(a, b *TransferResult) bool { return a.Config == b.Config && a.Bytes == b.Bytes },
		func(a, b *TransferResult) {
			a.WriteGBs, a.ReadGBs = max(a.WriteGBs, b.WriteGBs), max(a.ReadGBs, b.ReadGBs)
		})
}

// takeTurns takes over another round's turns, and nothing else.
func (r *Report) takeTurns(o *Report) {
	better(r.Scaling, o.Scaling, func(a, b *ScalingResult) bool { return a.Config == b.Config && a.What == b.What },
		func(a, b *ScalingResult) { a.Turns = append(a.Turns, b.Turns...) })
}

func (p *ProductResult) same(o *ProductResult) bool {
	return p.Config == o.Config && p.M == o.M && p.N == o.N && p.K == o.K
}

// better calls take for each figure and its counterpart from another round.
func better[T any](figures, others []T, same func(a, b *T) bool, take func(figure, other *T)) {
	for i := range figures {
		for j := range others {
			if same(&figures[i], &others[j]) {
				take(&figures[i], &others[j])
			}
		}
	}
}
