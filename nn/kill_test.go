package nn_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"baregrad/kernels/reference"
	"baregrad/nn"
)

// With saverPath set, this test binary, started again, only saves two models to that
// path, one after the other, until it is killed.
const saverPath = "BAREGRAD_TEST_SAVER"

func TestMain(m *testing.M) {
	if path := os.Getenv(saverPath); path != "" {
		saveForever(path)
	}
	os.Exit(m.Run())
}

// savedModel returns a model whose file takes a while to write.
func savedModel(seed uint64) (*nn.Sequential, error) {
	m := nn.NewSequential(reference.New(), nn.Seed(seed), &nn.Dense{Units: 64, InputShape: []int{784}}, &nn.Dense{Units: 10})
	return m, m.Compile(nn.CompileOptions{Optimizer: nn.Adam{}, Loss: nn.CategoricalCrossentropy{}})
}

func saveForever(path string) {
	var models [2]*nn.Sequential
	for i := range models {
		var err error
		if models[i], err = savedModel(uint64(i)); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	fmt.Println("saving")
	for i := 0; ; i++ {
		if err := models[i%2].Save(context.Background(), path); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
}

// A process that is killed at any moment while it saves leaves one of the two files,
// complete.
func TestKilledWhileSaving(t *testing.T) {
	dir := t.TempDir()
	var want [2][]byte
	for i := range want {
		m, err := savedModel(uint64(i))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, fmt.Sprint("want", i))
		if err := m.Save(context.Background(), path); err != nil {
			t.Fatal(err)
		}
		if want[i], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "model.safetensors")
	if err := os.WriteFile(path, want[0], 0o644); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	var found [2]int
	unfinished := 0
	latest := 30 * time.Millisecond // by then a process is killed
	for range 100 {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), saverPath+"="+path)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		begun := make([]byte, 7)
		if _, err := out.Read(begun); err != nil || string(begun) != "saving\n" {
			t.Fatalf("the process said %q, error %v", begun, err)
		}
		time.Sleep(time.Duration(random.Int64N(int64(latest))))
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		c.Wait()
		got, err := os.ReadFile(path)
		switch {
		case err != nil:
			t.Fatal(err)
		case bytes.Equal(got, want[0]):
			found[0]++
		case bytes.Equal(got, want[1]):
			found[1]++
		default:
			t.Fatalf("the file has %d bytes and is neither of the two, which have %d", len(got), len(want[0]))
		}
		if found[1] == 0 { // the machine is slow: no process has reached its second file yet
			latest = min(latest*5/4, 3*time.Second)
		}
		// The file being written when the process died is beside it.
		rests, err := filepath.Glob(filepath.Join(dir, ".model.safetensors.*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, rest := range rests {
			unfinished++
			os.Remove(rest)
		}
	}
	// A test in which no process was killed while writing would show nothing.
	if unfinished < 10 || found[0] == 0 || found[1] == 0 {
		t.Errorf("%d processes were killed amid a file; %d and %d files of each kind were found", unfinished, found[0], found[1])
	}
	if m, err := nn.Load(context.Background(), reference.New(), path); err != nil || m.OutputShape()[0] != 10 {
		t.Errorf("the last file: %v", err)
	}
}
