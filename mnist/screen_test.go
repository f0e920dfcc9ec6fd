package mnist

import (
	"bytes"
	"os"
	"runtime"
	"testing"
)

func TestScreenFor(t *testing.T) {
	tests := []struct {
		name     string
		env      map[string]string
		terminal bool
		windows  bool
		want     ColorMode
	}{
		{"no terminal", map[string]string{"TERM": "xterm-256color", "COLORTERM": "truecolor"}, false, false, ASCII},
		{"true colour", map[string]string{"TERM": "xterm-256color", "COLORTERM": "truecolor"}, true, false, TrueColor},
		{"24 bits", map[string]string{"TERM": "xterm", "COLORTERM": "24bit"}, true, false, TrueColor},
		{"direct", map[string]string{"TERM": "xterm-direct"}, true, false, TrueColor},
		{"256 colours", map[string]string{"TERM": "screen-256color"}, true, false, Color256},
		{"xterm", map[string]string{"TERM": "xterm"}, true, false, Color256},
		{"NO_COLOR", map[string]string{"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"}, true, false, ASCII},
		{"empty NO_COLOR", map[string]string{"TERM": "xterm-256color", "NO_COLOR": ""}, true, false, Color256},
		{"dumb", map[string]string{"TERM": "dumb", "COLORTERM": "truecolor"}, true, false, ASCII},
		{"no TERM", nil, true, false, ASCII},
		{"text console", map[string]string{"TERM": "linux"}, true, false, ASCII},
		{"VT100", map[string]string{"TERM": "vt100"}, true, false, ASCII},
		{"Latin-1", map[string]string{"TERM": "xterm-256color", "LANG": "de_DE.ISO-8859-1"}, true, false, ASCII},
		{"UTF-8", map[string]string{"TERM": "xterm-256color", "LANG": "de_DE.UTF-8"}, true, false, Color256},
		{"UTF-8 overrides", map[string]string{"TERM": "xterm-256color", "LC_ALL": "C.utf8", "LANG": "de_DE.ISO-8859-1"}, true, false, Color256},
		{"old Windows", nil, true, true, ASCII},
		{"Windows Terminal", map[string]string{"WT_SESSION": "x"}, true, true, TrueColor},
		{"ConEmu", map[string]string{"ConEmuANSI": "ON"}, true, true, Color256},
	}
	for _, test := range tests {
		s := screenFor(test.terminal, 100, test.windows, func(name string) string { return test.env[name] })
		if s.Color != test.want || s.Width != 100 {
			t.Errorf("%s: %v, %d columns, expected %v, 100", test.name, s.Color, s.Width, test.want)
		}
	}
	for columns, want := range map[string]int{"": 100, "42": 42, "-1": 100, "many": 100} {
		s := screenFor(true, 100, false, func(name string) string {
			return map[string]string{"COLUMNS": columns}[name]
		})
		if s.Width != want {
			t.Errorf("COLUMNS=%q: %d columns, expected %d", columns, s.Width, want)
		}
	}
	if got := (Screen{}).columns(); got != 80 {
		t.Errorf("a Screen's width is %d, expected 80", got)
	}
}

func TestDetectScreen(t *testing.T) {
	t.Setenv("COLUMNS", "")
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm-256color")
	t.Setenv("COLORTERM", "")
	t.Setenv("WT_SESSION", "")
	t.Setenv("LC_ALL", "C.UTF-8")
	if s := DetectScreen(&bytes.Buffer{}); s.Color != ASCII {
		t.Errorf("a buffer: %v", s.Color)
	}
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if s := DetectScreen(file); s.Color != ASCII {
		t.Errorf("a file: %v", s.Color)
	}
	if runtime.GOOS != "linux" {
		return
	}
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if s := DetectScreen(null); s.Color != ASCII {
		t.Errorf("%s: %v", os.DevNull, s.Color)
	}
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Logf("no pseudo-terminal to try: %v", err)
		return
	}
	defer terminal.Close()
	if s := DetectScreen(terminal); s.Color != Color256 {
		t.Errorf("a terminal: %v", s.Color)
	}
}

func TestColorModeString(t *testing.T) {
	for mode, want := range map[ColorMode]string{ASCII: "ASCII", Color256: "256 colours", TrueColor: "true colour", 9: "ColorMode(9)"} {
		if mode.String() != want {
			t.Errorf("%q, expected %q", mode, want)
		}
	}
}
