package avx

import (
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The guide to the files in doc.go names every file of the package, and no others. The contents of
// NAME_amd64.go and NAME_avx2_amd64.s belong to NAME, which the guide names as a file, as a pattern
// or as a word.
func TestDocNamesEveryFile(t *testing.T) {
	raw, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, guide, found := strings.Cut(string(raw), "// Which ones to read, for")
	if !found {
		t.Fatal("doc.go has no guide to the files")
	}
	words := regexp.MustCompile(`[\w*]+(\.(go|s|h))?`).FindAllString(guide, -1)
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, e := range entries {
		name := e.Name()
		files = append(files, name)
		stem := strings.TrimSuffix(name, path.Ext(name))
		if !slices.Contains([]string{".go", ".s", ".h"}, path.Ext(name)) || strings.HasSuffix(stem, "_test") || name == "doc.go" {
			continue
		}
		for _, suffix := range []string{"_amd64", "_other", "_avx512", "_avx2"} {
			stem = strings.TrimSuffix(stem, suffix)
		}
		named := func(word string) bool {
			hit, _ := path.Match(word, name)
			pattern, _, family := strings.Cut(word, "_*") // strip_*.s has strip_amd64.go, too
			return hit || family && pattern == stem || word == stem || word == stem+".go"
		}
		if !slices.ContainsFunc(words, named) {
			t.Errorf("doc.go does not say what %s is for", name)
		}
	}
	for _, word := range words {
		if path.Ext(word) == "" {
			continue
		}
		if !slices.ContainsFunc(files, func(name string) bool { hit, _ := path.Match(word, name); return hit }) {
			t.Errorf("doc.go names %s, which is not there", word)
		}
	}
}
