package emulator

import (
	"slices"
	"strings"

	"baregrad/internal/spelling"
)

// nearestShown is how many names an error about an unknown one gives.
const nearestShown = 3

// Nearest orders names by how near they are to a mistaken one, and gives the
// first few as a list for an error: those that contain it come first, as a
// function's name is contained in the one that a C++ compiler makes of it; then
// those that the fewest changed letters make of it.
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
