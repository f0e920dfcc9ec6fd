// Package terminal tells what a program writes to: whether somebody watches, on how
// many columns, and whether more than ASCII can be shown. It imports nothing of the
// project: whatever draws may use it.
package terminal

import (
	"io"
	"os"
	"strings"
)

// Width tells whether w is a terminal, and how many columns it has; 0 where it does
// not say. A writer that hands on to another one tells which by a method Unwrap; one that
// stands for a terminal, as in tests, has a method Width itself.
func Width(w io.Writer) (terminal bool, columns int) {
	switch w := w.(type) {
	case *os.File:
		return width(w)
	case interface{ Width() (bool, int) }:
		return w.Width()
	case interface{ Unwrap() io.Writer }:
		return Width(w.Unwrap())
	}
	return false, 0
}

// Unicode tells whether the user's locale allows UTF-8: all do but those that name
// another character set. env is os.Getenv, but in tests.
func Unicode(env func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := env(name); locale != "" {
			_, charset, named := strings.Cut(locale, ".")
			charset = strings.ToLower(strings.ReplaceAll(charset, "-", ""))
			return !named || strings.HasPrefix(charset, "utf8")
		}
	}
	return true
}
