package nn

import (
	"fmt"
	"slices"
	"strings"

	"baregrad/internal/spelling"
)

// A NameError is a name that stands for nothing of its kind.
type NameError struct {
	Kind  string   // what was looked for: "optimizer"
	Name  string   // the name given
	Known []string // the names that exist, the nearest first
}

// Error names what is known, and the name that was probably meant.
func (e *NameError) Error() string {
	if guess := spelling.Guess(e.Name, e.Known); guess != "" {
		return fmt.Sprintf("unknown %s %q: did you mean %q? Known: %s",
			e.Kind, e.Name, guess, strings.Join(slices.Sorted(slices.Values(e.Known)), ", "))
	}
	return fmt.Sprintf("unknown %s %q. Known: %s", e.Kind, e.Name, strings.Join(slices.Sorted(slices.Values(e.Known)), ", "))
}

// Unknown is a *NameError with the known names in the order of their distance from name.
func Unknown(kind, name string, known []string) error {
	return &NameError{Kind: kind, Name: name, Known: spelling.Nearest(name, known)}
}
