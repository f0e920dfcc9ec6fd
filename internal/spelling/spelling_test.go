package spelling

import (
	"slices"
	"testing"
)

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"relu", "relu", 0}, {"rellu", "relu", 1},
		{"adma", "adam", 1}, {"rleu", "relu", 1}, {"rleu", "elu", 2}, {"ba", "ab", 1}, {"abcd", "badc", 2}, {"ca", "abc", 3}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2}, {"a", "b", 1},
		{"ReLU", "relu", 0},
	} {
		if got := Distance(c.a, c.b); got != c.want {
			t.Errorf("from %q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
		if got := Distance(c.b, c.a); got != c.want {
			t.Errorf("from %q to %q: %d, want %d", c.b, c.a, got, c.want)
		}
	}
}

func TestGuess(t *testing.T) {
	known := []string{"sgd", "adam", "adamw", "rmsprop"}
	for name, want := range map[string]string{
		"adma": "adam", "adamm": "adam", "adam": "adam", "rmsprob": "rmsprop", "sdg": "sgd", "nadir": "", "": "", "RMSProp": "rmsprop", "SGD": "sgd",
	} {
		if got := Guess(name, known); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	if got := Guess("adam", nil); got != "" {
		t.Errorf("of no names: %q", got)
	}
	if got, want := Nearest("adam", known), []string{"adam", "adamw", "sgd", "rmsprop"}; !slices.Equal(got, want) {
		t.Errorf("the nearest are %q, want %q", got, want)
	}
	if known[0] != "sgd" {
		t.Error("Nearest has changed the list that it was given")
	}
}
