package gunzip

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"testing"
	"testing/iotest"
)

// contents are bytes of all kinds: none, a few, noise, runs, text, periods that
// are shorter and longer than the window.
func contents() map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 60_000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	skewed := make([]byte, 80_000) // codes of very different lengths
	for i := range skewed {
		skewed[i] = byte(r.ExpFloat64() * 12)
	}
	images := make([]byte, 150_000) // runs of zeros, as in pictures
	for i := range images {
		if i/97%3 == 0 {
			images[i] = byte(r.Uint32N(200))
		}
	}
	all := map[string][]byte{
		"empty": {}, "one": {7}, "noise": noise, "skewed": skewed, "images": images,
		"zeros": make([]byte, 70_000), "text": bytes.Repeat([]byte("a newcomer reads it in one sitting. "), 2500),
		"far": append(append(bytes.Clone(noise[:30_000]), skewed[:2000]...), noise[:30_000]...),
	}
	for period := 2; period < 12; period++ {
		all[fmt.Sprint("period ", period)] = bytes.Repeat(noise[:period], 1000)
	}
	return all
}

var levels = []int{gzip.HuffmanOnly, gzip.NoCompression, gzip.BestSpeed, gzip.DefaultCompression, gzip.BestCompression}

func compressed(t testing.TB, b []byte, level int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, level)
	if err != nil {
		t.Fatal(err)
	}
	w.Name, w.Comment, w.Extra = "name", "a comment", []byte{1, 2, 3}
	w.Write(b)
	w.Close()
	return out.Bytes()
}

func TestDecompresses(t *testing.T) {
	for name, b := range contents() {
		for _, level := range levels {
			t.Run(fmt.Sprintf("%s, level %d", name, level), func(t *testing.T) {
				z := compressed(t, b, level)
				for reader, r := range map[string]io.Reader{
					"whole": bytes.NewReader(z), "halves": iotest.HalfReader(bytes.NewReader(z)),
					"with its end": iotest.DataErrReader(bytes.NewReader(z)),
				} {
					d, err := NewReader(r)
					if err != nil {
						t.Fatal(err)
					}
					got := make([]byte, len(b))
					if _, err := io.ReadFull(d, got); err != nil || !bytes.Equal(got, b) {
						t.Fatalf("%s: %v, or other bytes", reader, err)
					}
					if n, err := d.Read(make([]byte, 10)); n != 0 || err != io.EOF {
						t.Fatalf("%s: after the end: %d bytes, %v", reader, n, err)
					}
				}
				// In pieces of all sizes, on both sides of what is served from a chunk.
				d, err := NewReader(iotest.OneByteReader(bytes.NewReader(z)))
				if err != nil {
					t.Fatal(err)
				}
				var got []byte
				for _, size := range []int{1, 100, window - 1, window, window + 1, 300, 40_000, 1 << 20, 1 << 20} {
					piece := make([]byte, size)
					n, err := io.ReadFull(d, piece)
					got = append(got, piece[:n]...)
					if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
						t.Fatal(err)
					}
				}
				if !bytes.Equal(got, b) {
					t.Fatal("read in pieces it is something else")
				}
			})
		}
	}
}

func TestFilesOneAfterTheOther(t *testing.T) {
	all := contents()
	z := append(compressed(t, all["text"], 6), compressed(t, nil, 6)...)
	z = append(z, compressed(t, all["skewed"], 9)...)
	d, err := NewReader(bytes.NewReader(z))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(d)
	if want := append(bytes.Clone(all["text"]), all["skewed"]...); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v, want %d", len(got), err, len(want))
	}
}

// same fails the test unless gunzip gives what compress/gzip does.
func same(t testing.TB, z []byte) {
	t.Helper()
	want, wantErr := decompress(z, func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) })
	got, err := decompress(z, func(r io.Reader) (io.Reader, error) { return NewReader(r) })
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("error %v, compress/gzip has %v", err, wantErr)
	}
	if err == nil && !bytes.Equal(got, want) {
		t.Fatal("other bytes than compress/gzip gives")
	}
	var corrupt flate.CorruptInputError
	if err != nil && !errors.As(err, &corrupt) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) &&
		!errors.Is(err, gzip.ErrHeader) && !errors.Is(err, gzip.ErrChecksum) {
		t.Fatalf("the error %v is of no kind that compress/gzip has", err)
	}
}

func decompress(z []byte, open func(r io.Reader) (io.Reader, error)) ([]byte, error) {
	r, err := open(bytes.NewReader(z))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, 4<<20))
}

// Files that end anywhere, and files with a wrong byte anywhere.
func TestDamage(t *testing.T) {
	all := contents()
	for _, b := range [][]byte{all["text"][:1200], all["skewed"][:1200], all["noise"][:300], all["period 3"][:500]} {
		for _, level := range levels {
			z := compressed(t, b, level)
			for cut := range z {
				same(t, z[:cut])
			}
			for at := range z {
				for _, change := range []byte{1, 0x10, 0x80, 0xff} {
					damaged := bytes.Clone(z)
					damaged[at] ^= change
					same(t, damaged)
				}
			}
			same(t, append(bytes.Clone(z), 0x1f))
			same(t, append(bytes.Clone(z), bytes.Repeat([]byte{3}, 40)...))
		}
	}
}

// A reader's own error is passed on.
func TestReadersError(t *testing.T) {
	z := compressed(t, contents()["noise"], 6)
	broken := errors.New("the disk is gone")
	for _, cut := range []int{0, 5, 100, len(z) - 3} {
		d, err := NewReader(io.MultiReader(bytes.NewReader(z[:cut]), iotest.ErrReader(broken)))
		if err == nil {
			_, err = io.Copy(io.Discard, d)
		}
		if !errors.Is(err, broken) {
			t.Errorf("after %d bytes: %v, want %v", cut, err, broken)
		}
	}
}

func FuzzAsTheStandardLibrary(f *testing.F) {
	all := contents()
	for _, level := range levels {
		f.Add(compressed(f, all["text"][:500], level))
		f.Add(compressed(f, all["skewed"][:500], level))
	}
	f.Fuzz(func(t *testing.T, z []byte) { same(t, z) })
}

// BenchmarkImages decompresses the images of MNIST.
func BenchmarkImages(b *testing.B) {
	z, err := os.ReadFile("../../mnist/data/train-images-idx3-ubyte.gz")
	if err != nil {
		b.Fatal(err)
	}
	out := make([]byte, 16+60000*784)
	for name, open := range map[string]func(r io.Reader) (io.Reader, error){
		"gunzip":        func(r io.Reader) (io.Reader, error) { return NewReader(r) },
		"compress,gzip": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(out)))
			for b.Loop() {
				r, err := open(bytes.NewReader(z))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(r, out); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
