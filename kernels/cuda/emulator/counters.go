package emulator

type countTable struct{}

func (c *countTable) merge(g *grid, b *block)      {}
func (b *block) count(w *warp, o *op, mask uint32) {}
