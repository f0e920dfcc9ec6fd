package emulator

import (
	"slices"
	"strings"

	"baregrad/internal/spelling"
)

// nearestShown is the number of names suggested in an error about an unknown name.
const nearestShown = 3

// Nearest sorts names by similarity to a mistaken one and returns the first few as a list for an
// error. Names that contain it come first, because a C++ compiler's mangled name contains the
// function's name; then those at the smallest edit distance.
func Nearest(name string, names []string) string {
	names = slices.Clone(names)
	far := func(s string) int {
		if name != "" && strings.Contains(s, name) {
			return 0
		}
		return 1 + spelling.Distance(name, s)
	}
	slices.SortStableFunc(names, func(a, b string) int { return far(a) - far(b) })
	return strings.Join(names[:min(len(names), nearestShown)], ", ")
}
