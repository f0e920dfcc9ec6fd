package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"baregrad/kernels/cuda/emulator/probe"
)

// packed returns a raw.tar.gz of the files.
func packed(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var archive bytes.Buffer
	zipped := gzip.NewWriter(&archive)
	to := tar.NewWriter(zipped)
	for name, text := range files {
		if err := to.WriteHeader(&tar.Header{Name: "./" + name, Mode: 0o644, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := to.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

func record(t *testing.T, device string) []byte {
	t.Helper()
	var file bytes.Buffer
	r := probe.Record{Instruction: "ex2.approx.f32", Device: device, In: []uint32{1, 2}, Out: []uint32{3, 4}}
	if err := r.Write(&file); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// keep stores each result where it belongs and leaves the text around it alone. A second keep
// changes nothing.
func TestKeep(t *testing.T) {
	root, from := t.TempDir(), t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "docs"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, p := range goalsPages {
		write(t, root, filepath.FromSlash(p.page), []byte("before\n"+goalsBegin+"old\n"+goalsEnd+"behind\n"))
	}
	raw := t.TempDir()
	write(t, raw, "about.json", []byte(`{"Name":"NVIDIA H100 80GB HBM3","Compute":[9,0]}`))
	write(t, raw, "epochs.jsonl", []byte(`{"name":"mnist-mlp","by":"baregrad","batch":1000,"examples":60000,"seconds":0.002,"first":0.005,"epochs":6}`+"\n"))
	if err := os.Mkdir(filepath.Join(raw, "checks"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, raw, "checks/bits-00.json", []byte(`{"part":"bits","name":"the same bits","status":"failed","seconds":9,"date":"d"}`+"\n"+
		`{"part":"bits","name":"another","status":"passed","seconds":9,"date":"d"}`+"\n"))
	lab(t, "report", raw, from)
	write(t, from, "raw.tar.gz", packed(t, map[string][]byte{
		"probe/ex2.approx.f32.probe": record(t, "NVIDIA H100 80GB HBM3"),
		"probe/sin.probe":            record(t, "PTX emulator"),
		"probe/cos.probe":            []byte("nothing"),
		"probe.txt":                  []byte("text"),
		"../probe/up.probe":          record(t, "NVIDIA H100 80GB HBM3"),
	}))
	for range 2 {
		var said bytes.Buffer
		if err := keep(&said, root, from); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"not kept: sin.probe", "not kept: cos.probe", "not in order: bits, the same bits: failed", "written: README.md", "by hand"} {
			if !strings.Contains(said.String(), want) {
				t.Errorf("nothing was said of %q:\n%s", want, said.String())
			}
		}
		if strings.Contains(said.String(), "another") || strings.Contains(said.String(), "raw.tar.gz") {
			t.Errorf("what is in order was called into doubt:\n%s", said.String())
		}
		var kept []string
		err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				path, _ = filepath.Rel(root, path)
				kept = append(kept, filepath.ToSlash(path))
			}
			return err
		})
		want := "README.md bench/results/gpu-nvidia-h100-80gb-hbm3.json bench/results/gpu-nvidia-h100-80gb-hbm3.md docs/GPU.md " +
			"kernels/cuda/emulator/probe/testdata/nvidia-h100-80gb-hbm3/ex2.approx.f32.probe"
		if got := strings.Join(kept, " "); err != nil || got != want {
			t.Errorf("there are %s (error %v), want %s", got, err, want)
		}
		for _, p := range goalsPages {
			text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(p.page)))
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"before\n" + goalsBegin, goalsEnd + "behind\n", "| the 20 epochs of mnist-mlp: under 0.1 s | 0.043 s | met |",
				"Measured on one NVIDIA H100 80GB HBM3, in one run, on 2", "](" + p.results + "/gpu-nvidia-h100-80gb-hbm3.md)", "| 99 % on MNIST: under 0.2 s of training | not measured | open |"} {
				if !strings.Contains(string(text), want) {
					t.Errorf("%s has no %q:\n%s", p.page, want, text)
				}
			}
			if strings.Contains(string(text), "old") {
				t.Errorf("%s still has the old table", p.page)
			}
		}
	}
}

// keep refuses a report without a GPU's figures, and documents without room for them. When it fails,
// it has written nothing.
func TestKeepRefuses(t *testing.T) {
	root, from := t.TempDir(), t.TempDir()
	refused := func(what, why string) {
		t.Helper()
		if err := keep(&bytes.Buffer{}, root, from); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: error %v, want one that says %q", what, err, why)
		}
		if files, err := os.ReadDir(root); err != nil || len(files) > 2 {
			t.Errorf("%s: in the root there are %d entries (error %v)", what, len(files), err)
		}
	}
	put := func(about About) {
		text, err := json.Marshal(Report{About: about})
		if err != nil {
			t.Fatal(err)
		}
		write(t, from, "report.json", text)
	}
	documents := func(text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(root, "docs"), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, p := range goalsPages {
			write(t, root, filepath.FromSlash(p.page), []byte(text))
		}
	}
	put(About{Name: "a GPU"})
	write(t, from, "report.md", nil)
	write(t, from, "raw.tar.gz", packed(t, nil))
	refused("where there are no documents", "GPU.md")
	documents(goalsBegin)
	refused("documents in which the table does not end", "has no lines")
	documents(goalsEnd)
	refused("documents in which it does not begin", "has no lines")
	documents(goalsBegin + goalsEnd)
	put(About{Name: "PTX emulator", Emulated: true})
	refused("an emulator's report", "the emulator stood in")
	put(About{Name: "a GPU", Smoke: true})
	refused("a report of tiny sizes", "--smoke")
	put(About{})
	refused("a report that no GPU could be used", "no GPU could be used")
	write(t, from, "report.json", []byte(`{"about":{"Name":"a GPU"},"goals":0}`))
	refused("a report of another form", "report.json: json")
	put(About{Name: "a GPU"})
	if err := os.Remove(filepath.Join(from, "report.md")); err != nil {
		t.Fatal(err)
	}
	refused("a report without its page", "report.md")
	if err := keep(&bytes.Buffer{}, root, t.TempDir()); err == nil {
		t.Error("an empty folder was kept")
	}
}

func TestSlug(t *testing.T) {
	if got := slug("NVIDIA [Az`09]/{GPU}:@2"); got != "nvidia-az-09-gpu-2" {
		t.Errorf("the slug is %q", got)
	}
}

// A report is kept without the archive, or with what can be read of it.
func TestKeepWithoutRecords(t *testing.T) {
	root, from := t.TempDir(), t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "docs"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, p := range goalsPages {
		write(t, root, filepath.FromSlash(p.page), []byte(goalsBegin+goalsEnd))
	}
	raw := t.TempDir()
	write(t, raw, "about.json", []byte(`{"Name":"a GPU","Compute":[9,0]}`))
	lab(t, "report", raw, from)
	whole := packed(t, map[string][]byte{"probe/ex2.approx.f32.probe": record(t, "a GPU")})
	for _, archive := range [][]byte{nil, []byte("torn"), whole[:len(whole)-20]} {
		if archive != nil {
			write(t, from, "raw.tar.gz", archive)
		}
		var said bytes.Buffer
		err := keep(&said, root, from)
		if want := "not kept: the hardware's answers"; err != nil || !strings.Contains(said.String(), want) ||
			!strings.Contains(said.String(), "written: bench/results/gpu-a-gpu.md") {
			t.Errorf("with %d bytes of an archive: error %v, said, without %q,\n%s", len(archive), err, want, said.String())
		}
	}
}

// The documents have the table of goals. As long as no GPU was measured, it says so for each goal.
func TestGoalsInTheDocuments(t *testing.T) {
	for _, p := range goalsPages {
		text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(p.page)))
		if err != nil {
			t.Fatal(err)
		}
		_, rest, begins := strings.Cut(string(text), goalsBegin)
		table, _, ends := strings.Cut(rest, goalsEnd)
		if !begins || !ends {
			t.Fatalf("%s has no table between %q and %q", p.page, goalsBegin, goalsEnd)
		}
		r := &Report{}
		if want := goalsTable(r, p.results); !strings.Contains(table, "Measured on one ") && table != want {
			t.Errorf("%s says\n%s\nand should say\n%s", p.page, table, want)
		}
		for _, g := range r.goals() {
			if !strings.Contains(table, "| "+g.Name+" |") {
				t.Errorf("%s does not name the goal %s", p.page, g.Name)
			}
		}
	}
}
