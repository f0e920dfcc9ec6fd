// Package spelling finds the known name that a mistaken one was meant for, so that
// an error about the one can suggest the other. It imports nothing of the project:
// whatever reads names may use it.
package spelling

import "slices"

// Distance is the Levenshtein distance: how many bytes must be changed, put in or
// left out to make b of a.
//
// It keeps one row of the table of distances: row[j] is the distance from the part
// of a that has been read to b[:j].
func Distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0] // the row above, one to the left
		row[0] = i + 1
		for j := range len(b) {
			changed := diagonal
			if a[i] != b[j] {
				changed++
			}
			diagonal = row[j+1]
			row[j+1] = min(changed, row[j]+1, row[j+1]+1)
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
