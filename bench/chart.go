package bench

import (
	"math"
	"strings"
)

// linear maps 0 to 0 and high to 1.
func linear(high float64) func(v float64) float64 {
	return func(v float64) float64 { return v / high }
}

// logarithmic maps low to 0 and high to 1.
func logarithmic(low, high float64) func(v float64) float64 {
	return func(v float64) float64 { return math.Log(v/low) / math.Log(high/low) }
}

// bar returns a bar of the given length in characters, to an eighth of a character.
func bar(length float64) string {
	eighths := int(math.Round(8 * length))
	s := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		s += string([]rune("▏▎▍▌▋▊▉")[rest-1])
	}
	return s
}
