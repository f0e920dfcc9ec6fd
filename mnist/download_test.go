package mnist

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// server publishes files under /good/ and notes what was asked for.
type server struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string
}

// serve starts a server that passes requests for other folders than /good/ on
// to other.
func serve(t *testing.T, files map[string][]byte, other http.HandlerFunc) *server {
	t.Helper()
	zipped := map[string][]byte{}
	for name, data := range files {
		zipped["/good/"+name+".gz"] = gzipped(t, data)
	}
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked = append(s.asked, r.URL.Path)
		s.mu.Unlock()
		if data, ok := zipped[r.URL.Path]; ok {
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
		} else if other != nil {
			other(w, r)
		} else {
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// names returns the names of the files in dir, of which there may be none.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var out []string
	for _, entry := range entries {
		out = append(out, entry.Name())
	}
	return out
}

func TestDownload(t *testing.T) {
	isolate(t)
	files := smallFiles(6, 4)
	k := smallKnown(t, files)
	s := serve(t, files, nil)
	cache := t.TempDir()
	var told []Progress
	opts := Options{
		CacheDir: cache, Addresses: []string{s.URL + "/good/"},
		Progress: func(p Progress) { told = append(told, p) },
	}
	d, err := k.load(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	checkSmall(t, d)
	dir := filepath.Join(cache, "small-set")
	if d.Source != dir || !d.Published {
		t.Errorf("source %q, published: %v", d.Source, d.Published)
	}
	want := []string{fileNames[2] + ".gz", fileNames[3] + ".gz", fileNames[0] + ".gz", fileNames[1] + ".gz"}
	if got := names(t, dir); !slices.Equal(got, want) {
		t.Errorf("the cache holds %q, expected %q", got, want)
	}
	ended := 0
	for i, p := range told {
		if p.Files != 4 || p.Index != ended || p.File != fileNames[p.Index]+".gz" || p.Total <= 0 || p.Done > p.Total {
			t.Errorf("progress %d: %+v", i, p)
		}
		if p.Done == p.Total {
			ended++
		}
	}
	if ended != 4 {
		t.Errorf("%d files were told to be done, expected 4", ended)
	}

	// The second time nothing is downloaded.
	s.asked = nil
	if d, err = k.load(t.Context(), opts); err != nil {
		t.Fatal(err)
	}
	checkSmall(t, d)
	if len(s.asked) > 0 {
		t.Errorf("the cached data set made requests: %q", s.asked)
	}
}

// What the cache has is kept; what is missing or damaged is fetched.
func TestDownloadMendsTheCache(t *testing.T) {
	isolate(t)
	files := smallFiles(6, 4)
	k := smallKnown(t, files)
	s := serve(t, files, nil)
	cache := t.TempDir()
	dir := filepath.Join(cache, "small-set")
	write(t, dir, ".gz", files)
	if err := os.Remove(filepath.Join(dir, fileNames[trainLabels]+".gz")); err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(dir, fileNames[testImages]+".gz")
	if err := os.WriteFile(damaged, []byte("damaged"), 0o644); err != nil {
		t.Fatal(err)
	}
	opts := Options{CacheDir: cache, Addresses: []string{s.URL + "/good"}}
	d, err := k.load(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	checkSmall(t, d)
	want := []string{"/good/" + fileNames[trainLabels] + ".gz", "/good/" + fileNames[testImages] + ".gz"}
	if !slices.Equal(s.asked, want) {
		t.Errorf("asked for %q, expected %q", s.asked, want)
	}
	if _, err := k.load(t.Context(), Options{CacheDir: cache, NoDownload: true}); err != nil {
		t.Errorf("the mended cache: %v", err)
	}
}

// Where the first address fails, the second serves.
func TestDownloadSecondAddress(t *testing.T) {
	isolate(t)
	files := smallFiles(6, 4)
	k := smallKnown(t, files)
	s := serve(t, files, nil)
	d, err := k.load(t.Context(), Options{CacheDir: t.TempDir(), Addresses: []string{s.URL + "/gone/", s.URL + "/good/"}})
	if err != nil {
		t.Fatal(err)
	}
	checkSmall(t, d)
}

func TestDownloadErrors(t *testing.T) {
	isolate(t)
	files := smallFiles(6, 4)
	k := smallKnown(t, files)
	good := gzipped(t, files[fileNames[0]])
	tests := []struct {
		name  string
		serve http.HandlerFunc
		want  string
	}{
		{"not there", http.NotFound, `the server answered "404 Not Found", expected 200 OK`},
		{"server error", func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "broken", http.StatusInternalServerError)
		}, `"500 Internal Server Error"`},
		{"a page in place of the file", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "<html>Please log in</html>")
		}, "magic number: found 0x3c68746d"},
		{"nothing", func(w http.ResponseWriter, r *http.Request) {}, "magic number: found the end of the file"},
		{"another file", func(w http.ResponseWriter, r *http.Request) {
			w.Write(gzipped(t, smallFiles(5, 3)[fileNames[0]]))
		}, "SHA-256 sum of the decompressed contents"},
		{"half the file", func(w http.ResponseWriter, r *http.Request) {
			w.Write(good[:len(good)/2])
		}, "the end of the file"},
		{"connection cut", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(good)))
			w.Write(good[:len(good)/2])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, "unexpected EOF"},
		{"too much announced", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(maxDownload+1))
			w.WriteHeader(http.StatusOK)
		}, fmt.Sprintf("announced %d bytes, expected at most %d", maxDownload+1, maxDownload)},
		{"too much", func(w http.ResponseWriter, r *http.Request) {
			for range maxDownload/(1<<20) + 1 {
				if _, err := w.Write(make([]byte, 1<<20)); err != nil {
					return
				}
			}
		}, fmt.Sprintf("more than %d bytes", maxDownload)},
		{"no answer", func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
		}, "nothing came for 100ms"},
		{"stalled half way", func(w http.ResponseWriter, r *http.Request) {
			w.Write(good[:len(good)/2])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, "nothing came for 100ms"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := serve(t, nil, test.serve)
			cache := t.TempDir()
			opts := Options{CacheDir: cache, Addresses: []string{s.URL}}
			if strings.HasPrefix(test.want, "nothing came for ") {
				opts.StallTimeout = 100 * time.Millisecond
			}
			d, err := k.load(t.Context(), opts)
			var missing *NotFoundError
			if !errors.As(err, &missing) || d != nil {
				t.Fatalf("error %v, expected a *NotFoundError", err)
			}
			dir := filepath.Join(cache, "small-set")
			for _, part := range []string{test.want, s.URL + "/" + fileNames[0] + ".gz", "in " + dir, "install small"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error %q does not contain %q", err, part)
				}
			}
			if left := names(t, dir); len(left) > 0 {
				t.Errorf("left in the cache: %q", left)
			}
		})
	}
}

// dripping is a transport whose server sends the first file in so many parts, and waits
// before each.
type dripping struct {
	files map[string][]byte // by their paths
	parts int
	wait  time.Duration
}

func (d dripping) RoundTrip(r *http.Request) (*http.Response, error) {
	data := d.files[strings.TrimSuffix(filepath.Base(r.URL.Path), ".gz")]
	body, w := io.Pipe()
	go func() {
		defer w.Close()
		if !strings.Contains(r.URL.Path, fileNames[0]) {
			w.Write(data)
			return
		}
		for part := range slices.Chunk(data, (len(data)+d.parts-1)/d.parts) {
			select {
			case <-time.After(d.wait):
			case <-r.Context().Done():
				w.CloseWithError(r.Context().Err())
				return
			}
			if _, err := w.Write(part); err != nil {
				return
			}
		}
	}()
	return &http.Response{StatusCode: http.StatusOK, Status: "200 OK", Body: body, ContentLength: int64(len(data)), Request: r}, nil
}

// A slow download is no stalled one: this file takes ten times as long as the patience
// lasts, but no single wait is as long as that. With a wait that is, it is given up when
// the patience ends. (The clock is one that only waiting moves on.)
func TestDownloadSlowly(t *testing.T) {
	isolate(t)
	const parts, hair = 11, time.Nanosecond
	files := smallFiles(6, 4)
	k := smallKnown(t, files)
	zipped := map[string][]byte{}
	for name, data := range files {
		zipped[name] = gzipped(t, data)
	}
	for _, patience := range []time.Duration{0, time.Second} { // 0 is the default
		full := cmp.Or(patience, defaultStallTimeout)
		load := func(t *testing.T, wait time.Duration) (*Dataset, time.Duration, error) {
			begin := time.Now()
			d, err := k.load(t.Context(), Options{CacheDir: t.TempDir(), Addresses: []string{"http://slow"}, StallTimeout: patience,
				Client: &http.Client{Transport: dripping{zipped, parts, wait}}})
			return d, time.Since(begin), err
		}
		synctest.Test(t, func(t *testing.T) {
			d, taken, err := load(t, full-hair)
			if err != nil || taken != parts*(full-hair) {
				t.Fatalf("patience %v: error %v after %v, want none after %v", full, err, taken, parts*(full-hair))
			}
			checkSmall(t, d)
		})
		synctest.Test(t, func(t *testing.T) {
			want := fmt.Sprintf("nothing came for %v", full)
			if _, taken, err := load(t, full+hair); err == nil || !strings.Contains(err.Error(), want) || taken != full {
				t.Errorf("patience %v: error %v after %v, want %q after %v", full, err, taken, want, full)
			}
		})
	}
}

func TestDownloadWithoutNetwork(t *testing.T) {
	isolate(t)
	k := smallKnown(t, smallFiles(6, 4))
	s := serve(t, nil, nil)
	s.Close()
	cache := t.TempDir()
	_, err := k.load(t.Context(), Options{CacheDir: cache, Addresses: []string{s.URL}})
	var missing *NotFoundError
	if !errors.As(err, &missing) || !strings.Contains(err.Error(), "Put train-images-idx3-ubyte.gz, ") {
		t.Errorf("error %v, expected a *NotFoundError that says where to put the files", err)
	}
}

func TestDownloadCancelled(t *testing.T) {
	isolate(t)
	files := smallFiles(6, 4)
	k := smallKnown(t, files)
	s := serve(t, files, nil)
	cache := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	opts := Options{CacheDir: cache, Addresses: []string{s.URL + "/good/"}, Progress: func(p Progress) {
		if p.Index == 2 {
			cancel()
		}
	}}
	if _, err := k.load(ctx, opts); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, expected %v", err, context.Canceled)
	}
	// What was whole stays, what was not is gone.
	want := []string{fileNames[0] + ".gz", fileNames[1] + ".gz"}
	if got := names(t, filepath.Join(cache, "small-set")); !slices.Equal(got, want) {
		t.Errorf("the cache holds %q, expected %q", got, want)
	}
	opts.Progress = nil
	d, err := k.load(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	checkSmall(t, d)
}

func TestDownloadToNowhere(t *testing.T) {
	isolate(t)
	k := smallKnown(t, smallFiles(6, 4))
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, opts := range map[string]Options{
		"cache in a file":       {CacheDir: file, Addresses: []string{"http://127.0.0.1:1/"}},
		"address of no meaning": {CacheDir: t.TempDir(), Addresses: []string{"http://[/"}},
	} {
		var missing *NotFoundError
		if _, err := k.load(t.Context(), opts); !errors.As(err, &missing) {
			t.Errorf("%s: error %v, expected a *NotFoundError", name, err)
		}
	}
}
