package emulator

import "sort"

// order gives every op of a function its rank for reconvergence: its place in a reverse post-order
// of the control-flow graph in which a loop's body comes before the code after the loop. For code
// laid out in the usual way, that is the order of the text.

// succFunc returns the branch targets of the op at i within [lo, hi), and whether it can fall
// through.
type succFunc func(i int32) (to []int32, falls bool)

// order returns the rank of each op in [lo, hi), counting from 0.
func order(lo, hi int32, succ succFunc) []int32 {
	n := hi - lo
	// Blocks begin at lo, at targets, and after ops that branch or do not fall through.
	leader := make([]bool, n+1)
	if n > 0 {
		leader[0] = true
	}
	for i := lo; i < hi; i++ {
		to, falls := succ(i)
		if len(to) > 0 || !falls {
			leader[i-lo+1] = true
		}
		for _, t := range to {
			leader[t-lo] = true
		}
	}
	var starts []int32
	blockOf := make([]int32, n+1)
	for i := int32(0); i < n; i++ {
		if leader[i] {
			starts = append(starts, i)
		}
		blockOf[i] = int32(len(starts) - 1)
	}
	nb := len(starts)
	succs := make([][]int32, nb)
	for b := range starts {
		end := n
		if b+1 < nb {
			end = starts[b+1]
		}
		to, falls := succ(lo + end - 1)
		if falls && end < n {
			succs[b] = append(succs[b], blockOf[end])
		}
		for _, t := range to {
			succs[b] = append(succs[b], blockOf[t-lo])
		}
	}
	loops := findLoops(succs)
	seq := visit(succs, loops)
	// Unreachable blocks come last, in text order.
	place := make([]int32, nb)
	for i := range place {
		place[i] = -1
	}
	next := int32(0)
	for _, b := range seq {
		place[b] = next
		next++
	}
	for b := range place {
		if place[b] < 0 {
			place[b] = next
			next++
		}
	}
	by := make([]int32, nb)
	for b, p := range place {
		by[p] = int32(b)
	}
	ranks := make([]int32, n)
	r := int32(0)
	for _, b := range by {
		end := n
		if int(b)+1 < nb {
			end = starts[b+1]
		}
		for i := starts[b]; i < end; i++ {
			ranks[i] = r
			r++
		}
	}
	return ranks
}

// findLoops returns, for every block, the headers of the natural loops that contain it.
func findLoops(succs [][]int32) []map[int32]bool {
	nb := len(succs)
	loops := make([]map[int32]bool, nb)
	if nb == 0 {
		return loops
	}
	preds := make([][]int32, nb)
	for b, ss := range succs {
		for _, s := range ss {
			preds[s] = append(preds[s], int32(b))
		}
	}
	seq := visit(succs, nil)
	num := make([]int32, nb) // 1-based place in reverse post-order; 0 if unreachable
	for i, b := range seq {
		num[b] = int32(i) + 1
	}
	// Immediate dominators by the iteration of Cooper, Harvey and Kennedy.
	idom := make([]int32, nb)
	for i := range idom {
		idom[i] = -1
	}
	idom[0] = 0
	for changed := true; changed; {
		changed = false
		for _, b := range seq[1:] {
			nd := int32(-1)
			for _, p := range preds[b] {
				if idom[p] < 0 {
					continue
				}
				if nd < 0 {
					nd = p
					continue
				}
				x, y := nd, p
				for x != y {
					for num[x] > num[y] {
						x = idom[x]
					}
					for num[y] > num[x] {
						y = idom[y]
					}
				}
				nd = x
			}
			if nd != idom[b] {
				idom[b] = nd
				changed = true
			}
		}
	}
	dominates := func(a, b int32) bool {
		for num[b] > num[a] {
			b = idom[b]
		}
		return a == b
	}
	for b, ss := range succs {
		if num[b] == 0 {
			continue
		}
		for _, h := range ss {
			if !dominates(h, int32(b)) {
				continue
			}
			stack := []int32{int32(b)}
			for len(stack) > 0 {
				x := stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				if loops[x][h] {
					continue
				}
				if loops[x] == nil {
					loops[x] = map[int32]bool{}
				}
				loops[x][h] = true
				if x != h {
					for _, p := range preds[x] {
						if num[p] > 0 {
							stack = append(stack, p)
						}
					}
				}
			}
		}
	}
	return loops
}

// visit returns the reachable blocks in reverse post-order. Of a block's successors, those that
// leave the most loops are visited first, so that they come last.
func visit(succs [][]int32, loops []map[int32]bool) []int32 {
	nb := len(succs)
	if nb == 0 {
		return nil
	}
	seen := make([]bool, nb)
	type item struct {
		b    int32
		todo []int32
	}
	sorted := func(b int32) []int32 {
		ss := append([]int32(nil), succs[b]...)
		// Later in the text first, so that text order is kept where possible.
		sort.SliceStable(ss, func(i, j int) bool { return ss[i] > ss[j] })
		if loops != nil {
			common := func(s int32) int {
				n := 0
				for h := range loops[b] {
					if loops[s][h] {
						n++
					}
				}
				return n
			}
			sort.SliceStable(ss, func(i, j int) bool { return common(ss[i]) < common(ss[j]) })
		}
		return ss
	}
	var post []int32
	stack := []item{{0, sorted(0)}}
	seen[0] = true
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		if len(top.todo) == 0 {
			post = append(post, top.b)
			stack = stack[:len(stack)-1]
			continue
		}
		s := top.todo[0]
		top.todo = top.todo[1:]
		if !seen[s] {
			seen[s] = true
			stack = append(stack, item{s, sorted(s)})
		}
	}
	for i, j := 0, len(post)-1; i < j; i, j = i+1, j-1 {
		post[i], post[j] = post[j], post[i]
	}
	return post
}
