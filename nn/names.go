package nn

import (
	"fmt"
	"slices"
	"strings"
)

// A NameError is a name that stands for nothing of its kind.
type NameError struct {
	Kind  string   // what was looked for: "optimizer"
	Name  string   // the name given
	Known []string // the names that exist, the nearest first
}

func (e *NameError) Error() string {
	if len(e.Known) > 0 && distance(e.Name, e.Known[0]) <= 1+len(e.Known[0])/3 {
		return fmt.Sprintf("unknown %s %q: did you mean %q? Known: %s",
			e.Kind, e.Name, e.Known[0], strings.Join(slices.Sorted(slices.Values(e.Known)), ", "))
	}
	return fmt.Sprintf("unknown %s %q. Known: %s", e.Kind, e.Name, strings.Join(slices.Sorted(slices.Values(e.Known)), ", "))
}

// Unknown is a *NameError with the known names in the order of their distance from name.
func Unknown(kind, name string, known []string) error {
	known = slices.Clone(known)
	slices.SortStableFunc(known, func(a, b string) int { return distance(name, a) - distance(name, b) })
	return &NameError{Kind: kind, Name: name, Known: known}
}

// distance is the Levenshtein distance: how many letters must be changed, put in
// or left out to make one word of the other.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next := min(row[j]+1, row[j+1]+1, diagonal+cost)
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}
