package mnist

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Progress says how far a download is.
type Progress struct {
	File  string // the file that is being downloaded
	Index int    // its number, from 0
	Files int    // the number of files
	Done  int64  // bytes of this file received
	Total int64  // bytes of this file, or -1 if the server does not say
}

const (
	// maxDownload is far above any file that Load knows.
	maxDownload         = 64 << 20
	defaultStallTimeout = 30 * time.Second
)

// download fetches those of the four files that dir lacks. Each is written to a
// temporary file in dir, checked against its published sum and renamed, so dir
// never holds an incomplete or wrong file. Files that are already right stay.
func (k *known) download(ctx context.Context, dir string, addresses []string, opts Options) (*Dataset, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	c := &contents{sums: k.sums} // each file's sum is checked when it arrives
	for i, name := range fileNames {
		c.files[i] = filepath.Join(dir, name+".gz")
		x, err := k.readChecked(ctx, i, c.files[i])
		var errs []error
		for _, folder := range addresses {
			if err == nil || ctx.Err() != nil {
				break
			}
			report := Progress{File: name + ".gz", Index: i, Files: numFiles}
			address := strings.TrimSuffix(folder, "/") + "/" + name + ".gz"
			x, err = k.fetch(ctx, i, address, c.files[i], report, opts)
			if err != nil {
				errs = append(errs, err)
			}
		}
		if err != nil {
			return nil, errors.Join(errs...)
		}
		c.arrays[i] = x
	}
	return k.dataset(c, dir, false)
}

// readChecked reads the file at path and checks that it is file number i.
func (k *known) readChecked(ctx context.Context, i int, path string) (*IDX, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	x, err := readIDX(contextReader{ctx, f}, fileSize(f), path)
	if err != nil {
		return nil, err
	}
	if err := k.checkSum(i, x.sum(), path); err != nil {
		return nil, err
	}
	return x, nil
}

// fetch downloads file number i from address to path.
func (k *known) fetch(ctx context.Context, i int, address, path string, report Progress, opts Options) (x *IDX, err error) {
	temp, err := os.CreateTemp(filepath.Dir(path), ".download-*")
	if err != nil {
		return nil, err
	}
	defer func() {
		temp.Close()
		if err != nil {
			os.Remove(temp.Name())
		}
	}()
	if err := copyURL(ctx, temp, address, report, opts); err != nil {
		return nil, fmt.Errorf("download %s: %w", address, err)
	}
	x, err = k.readChecked(ctx, i, temp.Name())
	if err != nil {
		// Name what was downloaded, not the temporary file.
		var bad *FormatError
		if errors.As(err, &bad) {
			bad.File = address
		}
		return nil, err
	}
	if err := temp.Chmod(0o644); err != nil {
		return nil, err
	}
	if err := temp.Sync(); err != nil {
		return nil, err
	}
	if err := temp.Close(); err != nil {
		return nil, err
	}
	return x, os.Rename(temp.Name(), path)
}

// copyURL copies the contents of address to w. It gives up if nothing arrives for
// opts.StallTimeout, or after more than maxDownload bytes.
func copyURL(ctx context.Context, w io.Writer, address string, report Progress, opts Options) error {
	patience := opts.StallTimeout
	if patience == 0 {
		patience = defaultStallTimeout
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := time.AfterFunc(patience, func() { cancel(fmt.Errorf("nothing came for %v", patience)) })
	defer stalled.Stop()
	// cause replaces the bare "context canceled" of a stalled download.
	cause := func(err error) error {
		if reason := context.Cause(ctx); reason != nil {
			return reason
		}
		return err
	}

	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	client := opts.Client
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		// The caller names the address; url.Error would name it again.
		if inner := (*url.Error)(nil); errors.As(err, &inner) {
			err = inner.Err
		}
		return cause(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the server answered %q, expected 200 OK", response.Status)
	}
	if response.ContentLength > maxDownload {
		return fmt.Errorf("the server announced %d bytes, expected at most %d", response.ContentLength, maxDownload)
	}
	report.Total = response.ContentLength
	buf := make([]byte, 64<<10)
	for {
		n, err := response.Body.Read(buf)
		if n > 0 {
			stalled.Reset(patience)
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
			report.Done += int64(n)
			if opts.Progress != nil {
				opts.Progress(report)
			}
		}
		if report.Done > maxDownload {
			return fmt.Errorf("more than %d bytes came", maxDownload)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return cause(err)
		}
	}
}
