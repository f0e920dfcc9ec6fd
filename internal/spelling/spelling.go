// Package spelling finds the known name that a mistaken one was meant for, so that
// an error about the one can suggest the other. It imports nothing of the project:
// whatever reads names may use it.
package spelling

import (
	"slices"
	"strings"
)

// Distance is how many bytes must be changed, put in, left out, or swapped with their
// neighbour to make b of a: the Levenshtein distance, in which two letters in the wrong
// order count as one mistake (Damerau, "A technique for computer detection and correction of
// spelling errors", 1964). A small and a capital letter are the same.
//
// It keeps three rows of the table of distances: row[j] is the distance from the part of a
// that has been read to b[:j], above and higher are the rows of one and two bytes less.
func Distance(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	higher, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		higher, above, row = above, row, higher
		row[0] = i + 1
		for j := range len(b) {
			changed := above[j]
			if a[i] != b[j] {
				changed++
			}
			row[j+1] = min(changed, row[j]+1, above[j+1]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], higher[j-1]+1)
			}
		}
	}
	return row[len(b)]
}

// Nearest is a copy of the known names in the order of their distance from name.
func Nearest(name string, known []string) []string {
	known = slices.Clone(known)
	slices.SortStableFunc(known, func(a, b string) int { return Distance(name, a) - Distance(name, b) })
	return known
}

// Guess is the nearest of the known names, or "" if none is near: if more than one
// letter and a third of the word would have to change.
func Guess(name string, known []string) string {
	if nearest := Nearest(name, known); len(nearest) > 0 && Distance(name, nearest[0]) <= 1+len(nearest[0])/3 {
		return nearest[0]
	}
	return ""
}
