package nn_test

import (
	"os"
	"strings"
	"testing"
)

// The program in the README is the example that the tests run: the same imports and the
// same statements.
func TestReadmeShowsTheExample(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("example_mnist_test.go")
	if err != nil {
		t.Fatal(err)
	}
	between := func(text, from, to string) string {
		_, rest, found := strings.Cut(text, from)
		part, _, ended := strings.Cut(rest, to)
		if !found || !ended {
			t.Fatalf("there is nothing between %q and %q", from, to)
		}
		return part
	}
	program := between(string(readme), "```go\n", "```")
	if got, want := between(program, "import (", ")\n"), between(string(example), "import (", ")\n"); got != want {
		t.Errorf("the README imports %s\nthe example %s", got, want)
	}
	got := between(program, "func main() {\n", "\n}\n")
	want := strings.TrimRight(between(string(example), "func Example_mnist() {\n", "\t// Output:"), "\n")
	if got != want {
		t.Errorf("the README's program is\n%s\n\nthe example is\n%s", got, want)
	}
}
