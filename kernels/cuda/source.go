package cuda

import (
	"embed"
	"fmt"
	"io/fs"
	"math/bits"
	"regexp"
	"strings"
	"sync"
	"text/template"
)

// The kernels are PTX text. Where unrolling or a repeated formula would hide the idea, a file uses
// Go's text/template. The .tmpl files hold what several kernels share, such as the polynomial for
// eˣ.
//
//go:embed *.ptx *.tmpl
var files embed.FS

// Files lists the .ptx files, in alphabetical order.
func Files() []string {
	names, err := fs.Glob(files, "*.ptx")
	if err != nil {
		panic(err) // only for a malformed pattern
	}
	return names
}

// expanded holds the texts that Source has returned, by file: expanding one takes longer than most
// launches.
var expanded sync.Map

// Source returns the PTX text of one of the Files with its templates expanded, as the driver gets
// it.
func Source(file string) (string, error) {
	if text, ok := expanded.Load(file); ok {
		return text.(string), nil
	}
	text, err := expand(file)
	if err == nil {
		expanded.Store(file, text)
	}
	return text, err
}

// expand expands the templates of a file.
func expand(file string) (string, error) {
	t := template.New(file).Funcs(template.FuncMap{
		"add":  func(a, b int) int { return a + b },
		"sub":  func(a, b int) int { return a - b },
		"mul":  func(a, b int) int { return a * b },
		"div":  func(a, b int) int { return a / b },
		"odd":  func(n int) bool { return n%2 == 1 },
		"log2": func(n int) int { return bits.Len(uint(n)) - 1 }, // for powers of two
		"map":  namedArguments,
		"list": func(lines ...string) []string { return lines },
		"width": func(deep bool) int { // the number of elements per copy in gemm_async.tmpl
			if deep {
				return 1
			}
			return 4
		},
		"rowForms": func() []rowForm { return rowForms[:] },
	})
	t, err := t.ParseFS(files, "*.tmpl", file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	var text strings.Builder
	if err := t.Execute(&text, nil); err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	return text.String(), nil
}

// namedArguments lets a template be called with several named values: map "x" 1 "y" 2.
func namedArguments(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("map: %d arguments, must be pairs of a name and a value", len(pairs))
	}
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("map: argument %d is %v, must be a name", i+1, pairs[i])
		}
		m[name] = pairs[i+1]
	}
	return m, nil
}

var entry = regexp.MustCompile(`(?m)^\.visible \.entry (\w+)`)

// Entries lists the kernels in one of the Files, in text order.
func Entries(file string) ([]string, error) {
	text, err := Source(file)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, m := range entry.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	return names, nil
}

// Find returns the file that contains a kernel, and the kernel's text with its templates expanded:
// the head of the file and that kernel alone.
func Find(kernel string) (file, text string, err error) {
	for _, file := range Files() {
		source, err := Source(file)
		if err != nil {
			return "", "", err
		}
		starts := entry.FindAllStringSubmatchIndex(source, -1)
		for i, m := range starts {
			if source[m[2]:m[3]] != kernel {
				continue
			}
			end := len(source)
			if i+1 < len(starts) {
				end = startOfComment(source, starts[i+1][0])
			}
			head := source[:startOfComment(source, starts[0][0])]
			return file, head + source[startOfComment(source, m[0]):end], nil
		}
	}
	return "", "", fmt.Errorf("no kernel is called %q: their files are %s", kernel, strings.Join(Files(), ", "))
}

// startOfComment returns the start of the comment above the line that starts at at.
func startOfComment(text string, at int) int {
	for at > 0 {
		previous := strings.LastIndexByte(text[:at-1], '\n') + 1
		if !strings.HasPrefix(text[previous:at], "//") {
			break
		}
		at = previous
	}
	return at
}
