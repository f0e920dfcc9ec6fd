package emulator

type globalShadow struct{}

func newGlobalShadow(size uint64) *globalShadow                         { return &globalShadow{} }
func (s *globalShadow) setInit(off, n uint64)                           {}
func (s *globalShadow) copyInit(src *globalShadow, dst, from, n uint64) {}

type syncTable struct{}

func newSyncTable() *syncTable { return &syncTable{} }

type warpChecks struct{}

func (c *warpChecks) reset(w *warp)                     {}
func (c *warpChecks) syncLanes(w *warp, m uint32)       {}
func (c *warpChecks) fence(w *warp, m uint32, cta bool) {}

type blockChecks struct{}

func newBlockChecks(b *block, size uint64) *blockChecks        { return &blockChecks{} }
func (c *blockChecks) reset(b *block)                          {}
func (c *blockChecks) barrierArrive(b *block, w *warp, id int) {}
func (c *blockChecks) barrierOpen(b *block, id int)            {}
func (c *blockChecks) finish(b *block)                         {}

type accessKind uint8

const (
	accessRead accessKind = iota
	accessWrite
)

func checkedAccess(k accessKind) handler { return nil }

type asyncCopies struct{}

func (c *asyncCopies) reset() {}

type countTable struct{}

func (c *countTable) merge(g *grid, b *block)      {}
func (b *block) count(w *warp, o *op, mask uint32) {}
