package nn

import (
	"fmt"
	"slices"
	"strings"

	"baregrad/internal/spelling"
)

// A NameError reports an unknown name.
type NameError struct {
	Kind  string   // the kind of thing it should name: "optimizer"
	Name  string   // the name given
	Known []string // the known names, nearest first
}

// Error lists the known names, and suggests the one that was probably meant.
func (e *NameError) Error() string {
	if guess := spelling.Guess(e.Name, e.Known); guess != "" {
		return fmt.Sprintf("unknown %s %q: did you mean %q? Known: %s",
			e.Kind, e.Name, guess, strings.Join(slices.Sorted(slices.Values(e.Known)), ", "))
	}
	return fmt.Sprintf("unknown %s %q. Known: %s", e.Kind, e.Name, strings.Join(slices.Sorted(slices.Values(e.Known)), ", "))
}

// Unknown returns a *NameError with the known names sorted by their distance from name.
func Unknown(kind, name string, known []string) error {
	return &NameError{Kind: kind, Name: name, Known: spelling.Nearest(name, known)}
}
