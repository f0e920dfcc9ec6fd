package emulator

import (
	"slices"
	"strings"
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
		return 1 + letters(name, s)
	}
	slices.SortStableFunc(names, func(a, b string) int { return far(a) - far(b) })
	return strings.Join(names[:min(len(names), nearestShown)], ", ")
}

// letters is the Levenshtein distance: how many letters must be changed, put in or
// left out to make b of a.
func letters(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := 1
			if a[i] == b[j] {
				change = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, diagonal+change)
		}
	}
	return row[len(b)]
}
