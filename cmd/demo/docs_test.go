package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// tree is what the documents can refer to.
type tree struct {
	files []string // by their paths from the root
	pages []string // those that are documents
	text  map[string]string
	code  string // of all Go, assembly, PTX, shell and Python files
}

// readTree reads the files below the root that are part of the project.
func readTree(t *testing.T) *tree {
	t.Helper()
	t.Chdir("../..")
	all := &tree{text: map[string]string{}}
	var code strings.Builder
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if slices.Contains([]string{".git", "bin", "build", "testdata"}, entry.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		all.files = append(all.files, name)
		switch path.Ext(name) {
		case ".md":
			all.pages = append(all.pages, name)
		case ".go", ".s", ".h", ".ptx", ".tmpl", ".sh", ".py":
		default:
			if name != "Makefile" && name != ".ci/run" {
				return nil
			}
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		all.text[name] = string(content)
		if path.Ext(name) != ".md" && name != "cmd/demo/docs_test.go" {
			code.Write(content)
			code.WriteByte('\n')
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	all.code = code.String()
	return all
}

// declares tells whether a folder of the tree with that last name has Go code that declares
// the name: as a function, a type, a method or a field, a constant or a variable.
func (all *tree) declares(folder, name string) bool {
	declared := regexp.MustCompile(`(?m)(^func |^func \([^)]*\) |^type |^var |^const |^\t(\w+, )*)` + name + `\b`)
	for _, file := range all.files {
		if path.Ext(file) == ".go" && path.Base(path.Dir(file)) == folder && declared.MatchString(all.text[file]) {
			return true
		}
	}
	return false
}

// withoutBlocks is a page without what stands between lines of ```.
func withoutBlocks(page string) string {
	var kept []string
	inside := false
	for _, line := range strings.Split(page, "\n") {
		if strings.HasPrefix(line, "```") {
			inside = !inside
			continue
		}
		if !inside {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// anchors are the names by which a page's headings can be linked to.
func anchors(page string) (names []string) {
	for _, line := range strings.Split(withoutBlocks(page), "\n") {
		heading := strings.TrimLeft(line, "#")
		if heading == line || !strings.HasPrefix(heading, " ") {
			continue
		}
		name := strings.Map(func(r rune) rune {
			switch {
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			case r == ' ':
				return '-'
			}
			return -1
		}, strings.TrimSpace(heading))
		names = append(names, name)
	}
	return names
}

var (
	links  = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	quoted = regexp.MustCompile("`([^`\n]+)`")
	// A file, with or without folders.
	fileName = regexp.MustCompile(`^[\w./-]*\w\.(go|s|h|ptx|sh|py|md)$`)
	testName = regexp.MustCompile(`\b(Test|Benchmark|Fuzz)[A-Z]\w+`)
	variable = regexp.MustCompile(`\bBAREGRAD_[A-Z_]+`)
	// A public name of one of our packages.
	exported = regexp.MustCompile(`\b(tensor|kernels|autograd|nn|mnist|driver|nvidia|avx|reference)\.([A-Z]\w+)`)
	target   = regexp.MustCompile("(?m)(?:^|`)make ([a-z-]+)")
)

// Each link of the documents leads to a file that is there, and to a heading that it has.
func TestLinksOfTheDocuments(t *testing.T) {
	all := readTree(t)
	followed := 0
	for _, page := range all.pages {
		for _, match := range links.FindAllStringSubmatch(withoutBlocks(all.text[page]), -1) {
			link := match[1]
			if strings.Contains(link, "://") {
				continue
			}
			followed++
			file, anchor, _ := strings.Cut(link, "#")
			to := page
			if file != "" {
				to = path.Join(path.Dir(page), file)
			}
			if _, err := os.Stat(filepath.FromSlash(to)); err != nil {
				t.Errorf("%s: the link %s leads to %s, which is not there", page, link, to)
				continue
			}
			if anchor != "" && !slices.Contains(anchors(all.text[to]), anchor) {
				t.Errorf("%s: the link %s: %s has no heading %q, but %q", page, link, to, anchor, anchors(all.text[to]))
			}
		}
	}
	if followed < 50 {
		t.Errorf("%d links were followed, want 50 or more", followed)
	}
}

// What the documents name is there: files, tests, targets of the Makefile, variables of
// the environment.
func TestNamesInTheDocuments(t *testing.T) {
	all := readTree(t)
	isFile := func(name string) bool {
		return slices.ContainsFunc(all.files, func(file string) bool { return file == name || strings.HasSuffix(file, "/"+name) })
	}
	// Files that the reader makes, that the GPU lab makes, and three of another project.
	made := regexp.MustCompile(`^(kernels/cuda/)?sqrt|^(report\.md|cgoflags\.go|execution\.go|memory\.go)$`)
	found := map[string]int{}
	for _, page := range all.pages {
		text := all.text[page]
		check := func(kind, name string, ok bool) {
			found[kind]++
			if !ok {
				t.Errorf("%s names the %s %s, which is not there", page, kind, name)
			}
		}
		for _, match := range quoted.FindAllStringSubmatch(withoutBlocks(text), -1) {
			for _, name := range exported.FindAllStringSubmatch(match[1], -1) {
				check("name", name[0], all.declares(name[1], name[2]))
			}
			if name := match[1]; fileName.MatchString(name) && !made.MatchString(name) {
				check("file", name, isFile(strings.TrimPrefix(name, "./")))
			}
		}
		for _, name := range testName.FindAllString(text, -1) {
			check("test", name, strings.Contains(all.code, "func "+name+"("))
		}
		for _, match := range target.FindAllStringSubmatch(text, -1) {
			check("target", match[1], strings.Contains(all.text["Makefile"], "\n"+match[1]+":"))
		}
		for _, name := range variable.FindAllString(text, -1) {
			check("variable", name, strings.Contains(all.code, name))
		}
	}
	for kind, least := range map[string]int{"file": 60, "name": 20, "test": 15, "target": 10, "variable": 10} {
		if found[kind] < least {
			t.Errorf("%d names of the kind %s were found, want %d or more: %v", found[kind], kind, least, fmt.Sprint(found))
		}
	}
}

// The code that docs/DENSE.md shows stands in the files that it links to: the lines of each
// block in their order, in the last file that is linked to before it.
func TestCodeOfTheDocuments(t *testing.T) {
	all := readTree(t)
	file, blocks, shown := "", 0, 0
	var rest []string // of the file; nil outside of a block of code
	for number, line := range strings.Split(all.text["docs/DENSE.md"], "\n") {
		if language, fence := strings.CutPrefix(line, "```"); fence {
			switch {
			case rest != nil:
				rest = nil
			case slices.Contains([]string{"go", "asm", "ptx"}, language):
				if all.text[file] == "" {
					t.Fatalf("docs/DENSE.md:%d: code, and no file that it is from", number+1)
				}
				rest = strings.Split(all.text[file], "\n")
				blocks++
			}
			continue
		}
		if rest == nil {
			for _, match := range links.FindAllStringSubmatch(line, -1) {
				if to := path.Join("docs", match[1]); path.Ext(to) != ".md" {
					file = to
				}
			}
			continue
		}
		want := strings.TrimSpace(line)
		if want == "" || want == "…" {
			continue
		}
		shown++
		at := slices.IndexFunc(rest, func(line string) bool { return strings.TrimSpace(line) == want })
		if at < 0 {
			t.Errorf("docs/DENSE.md:%d: %s does not have, at its place: %s", number+1, file, want)
			continue
		}
		rest = rest[at+1:]
	}
	if blocks < 8 || shown < 25 {
		t.Errorf("the page shows %d blocks of code with %d lines, want 8 with 25 or more", blocks, shown)
	}
}
