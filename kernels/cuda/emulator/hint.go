package emulator

import "strings"

// hint returns the usual fix for a finding of this kind, or "".
func (f *Finding) hint() string {
	switch f.Kind {
	case "out of bounds":
		switch {
		case strings.Contains(f.Detail, "null pointer"):
			return "give this pointer a buffer"
		case f.Space == "shared" && strings.HasSuffix(f.Detail, "has 0 bytes of shared memory"):
			return "the launch gives the block no dynamic shared memory: say how many bytes it is to have"
		case f.Space == "global":
			return "compare the index with the length before the access, or make the buffer larger"
		}
		return "compare the index with the length before the access"
	case "misaligned":
		return "use narrower accesses, or pad rows so that each begins at such a multiple"
	case "use after free":
		return "free memory only when the last launch that uses it has ended"
	case "uninitialised memory":
		switch f.Space {
		case "shared":
			return "shared memory holds nothing at first: store to it before, and let a barrier follow if another thread stores"
		case "global":
			return "new memory holds nothing: fill it, or copy to it, before"
		}
		return "store to it first, on every path that leads here"
	case "uninitialised register":
		return "give it a value on every path that leads here, also where a predicate is false"
	case "divergent barrier":
		return "let all threads reach this barrier: move it out of the branch, and exit only after it"
	case "divergent warp instruction":
		return "name in the member mask just the lanes that run it together, and read from no others"
	case "unfinished copy":
		if strings.Contains(f.Detail, "nothing orders") {
			return "after the wait a barrier must follow before other threads use the data"
		}
		return "wait for the copy first: cp.async.wait_group, cp.async.wait_all, an mbarrier or cp.async.bulk.wait_group, as it was started"
	}
	return ""
}

// raceHint returns the usual fix for a race, depending on where the two accesses are from.
func raceHint(sameWarp, sameBlock, plainBesideStrong bool) string {
	switch {
	case plainBesideStrong:
		return "one of the two is a plain access: make both atomic or volatile, or order them"
	case sameWarp:
		return "put bar.warp.sync (__syncwarp) between the two, or bar.sync"
	case sameBlock:
		return "put bar.sync (__syncthreads) between the two"
	}
	return "blocks run in any order: use atomics, or a place for each block, or a second launch; data behind a flag needs fences (membar.gl, __threadfence) on both sides"
}
