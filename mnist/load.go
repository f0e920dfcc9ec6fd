package mnist

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// EnvDir is the environment variable with the path of a folder of data sets.
const EnvDir = "BAREGRAD_DATA"

// Options says where Load looks. The zero value can be used as it is.
type Options struct {
	// Dir is a folder that holds the four IDX files, gzipped or not, either directly
	// or in a folder named after the data set ("mnist", "fashion-mnist"), or that holds
	// a .npz file named after it (mnist.npz). Or it is the path of a .npz file.
	Dir string
	// OwnClasses takes the classes from the labels if Dir holds your own files, with
	// more or fewer classes than the data set has. Each class is then named by its
	// number, and the data set is called "own". Otherwise such files get the data
	// set's classes, and labels beyond them are an error.
	OwnClasses bool
	// CacheDir is the folder for downloaded data sets, each in its own folder. The
	// default is baregrad in os.UserCacheDir().
	CacheDir string

	// NoDownload makes it an error if the data is not on this machine.
	NoDownload bool
	// Progress, if not nil, is called repeatedly during downloads, from the goroutine
	// that called Load.
	Progress func(Progress)
	// Addresses lists web folders to download from, instead of those where the data
	// set is published. Each ends with a slash.
	Addresses []string
	// Client makes the requests; http.DefaultClient if nil.
	Client *http.Client
	// StallTimeout is how long a download may receive nothing before it is given
	// up; 30 seconds if 0.
	StallTimeout time.Duration
}

// Load returns the data set called name: "mnist", or "fashion" (also
// "fashion-mnist"). An unknown name is an *UnknownNameError.
//
// MNIST is read from opts.Dir if it is given, and otherwise from the files embedded
// in this package. Fashion-MNIST is searched in opts.Dir, in the folder given by the
// environment variable BAREGRAD_DATA, in the cache folder, and where the Debian
// package dataset-fashion-mnist installs it. If it is in none of these, it is
// downloaded into the cache. If that fails too, the error is a *NotFoundError, which
// says where to put the files.
//
// Contents are checked against the published SHA-256 sums. Only opts.Dir may hold
// other files of the same form, such as your own data set; Dataset.Published is then
// false. A file that is damaged or does not fit gives a *FormatError. When ctx is
// cancelled, Load stops and returns its error.
func Load(ctx context.Context, name string, opts Options) (*Dataset, error) {
	k, err := lookup(name)
	if err != nil {
		return nil, err
	}
	return k.load(ctx, opts)
}

// LoadFS returns the data set in the four IDX files in the top folder of fsys,
// named like MNIST's files, gzipped (.gz) or not. All images must have one size, which
// may be any. If the contents are those of a data set that Load knows, it gets that
// name and class names. Otherwise each class is named by its number.
func LoadFS(ctx context.Context, fsys fs.FS) (*Dataset, error) {
	found, err := findFiles(fsys, ".")
	if err != nil {
		return nil, err
	}
	c, err := readFiles(ctx, fsys, found, "", true)
	if err != nil {
		return nil, err
	}
	return recognise(c, "files")
}

// NotFoundError reports a data set that is not on this machine and could not
// be downloaded.
type NotFoundError struct {
	Title  string   // the data set
	Looked []string // the places that were searched
	Put    string   // the folder to put the files in; may be empty
	From   string   // where the files are published
	Hint   string   // a command that installs them, if there is one
	Err    error    // why they could not be downloaded
}

// Error says where the files were looked for and where to put them.
func (e *NotFoundError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s is not on this machine and was not downloaded: %v\n", e.Title, e.Err)
	fmt.Fprintf(&b, "Looked in: %s.\n", strings.Join(e.Looked, "; "))
	fmt.Fprintf(&b, "Put %s.gz, %s.gz, %s.gz and %s.gz, as published at %s, ",
		fileNames[0], fileNames[1], fileNames[2], fileNames[3], e.From)
	if e.Put != "" {
		fmt.Fprintf(&b, "in %s, or ", e.Put)
	}
	fmt.Fprintf(&b, "in a folder that %s or the data folder names", EnvDir)
	if e.Hint != "" {
		fmt.Fprintf(&b, ". On Debian and its kin, %q installs them", e.Hint)
	}
	return b.String()
}

// Unwrap returns why the files could not be downloaded.
func (e *NotFoundError) Unwrap() error { return e.Err }

var (
	errNoDownload = errors.New("downloads are turned off")
	errNoCache    = errors.New("this user has no cache folder to download to")
)

// place is a folder that may hold the files.
type place struct {
	dir   string
	label string // its name in errors
	// own says that files other than the published ones are accepted.
	own bool
	// cache says that a download may replace damaged files.
	cache bool
}

// places returns where to look, in order, and the cache folder ("" if the user has
// none). A place without a folder is only listed in errors.
func (k *known) places(opts Options) (places []place, cache string) {
	if opts.Dir != "" {
		places = append(places, place{dir: opts.Dir, label: opts.Dir, own: true})
	}
	if k.embedded {
		return places, ""
	}
	env := place{dir: os.Getenv(EnvDir), label: EnvDir + " (not set)"}
	if env.dir != "" {
		env.label = fmt.Sprintf("%s (%s)", env.dir, EnvDir)
	}
	places = append(places, env)

	cache = opts.CacheDir
	if user, err := os.UserCacheDir(); cache == "" && err == nil {
		cache = filepath.Join(user, "baregrad")
	}
	if cache != "" {
		cache = filepath.Join(cache, k.folder)
		places = append(places, place{dir: cache, label: cache, cache: true})
	}
	if k.system != "" {
		places = append(places, place{dir: k.system, label: k.system})
	}
	return places, cache
}

// load looks in each place in turn.
func (k *known) load(ctx context.Context, opts Options) (*Dataset, error) {
	if opts.OwnClasses {
		own := *k
		own.ownClasses = true
		k = &own
	}
	if opts.Dir != "" {
		info, err := os.Stat(opts.Dir)
		if err != nil {
			return nil, fmt.Errorf("data folder: %w", err)
		}
		if !info.IsDir() {
			if isNPZ(opts.Dir) {
				return k.loadNPZ(ctx, opts.Dir, true)
			}
			return nil, fmt.Errorf("data folder %s: neither a folder nor a .npz file", opts.Dir)
		}
	}
	places, cache := k.places(opts)
	missing := &NotFoundError{Title: k.title, Put: cache, Hint: k.hint}
	var damage error // the error in the cache
	for _, p := range places {
		missing.Looked = append(missing.Looked, p.label)
		if p.dir == "" {
			continue
		}
		d, err := k.loadDir(ctx, p.dir, p.own)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case d != nil:
			return d, nil
		case err != nil && !p.cache:
			return nil, err
		case err != nil:
			damage = err
		}
	}
	if k.embedded {
		if opts.Dir != "" {
			return nil, fmt.Errorf("data folder %s: holds none of %s, nor %s.npz; without a data folder, the embedded %s is used",
				opts.Dir, strings.Join(fileNames[:], ", "), k.folder, k.title)
		}
		return k.loadEmbedded(ctx)
	}

	addresses := opts.Addresses
	if len(addresses) == 0 {
		addresses = k.addresses
	}
	missing.From = strings.Join(addresses, " or ")
	switch {
	case opts.NoDownload:
		missing.Err = errors.Join(errNoDownload, damage)
		return nil, missing
	case cache == "":
		missing.Err = errNoCache
		return nil, missing
	}
	d, err := k.download(ctx, cache, addresses, opts)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		missing.Err = errors.Join(err, damage)
		return nil, missing
	}
	return d, nil
}

// loadEmbedded reads the embedded files. Their gzip checksums are verified while they
// are read; a test checks that they are the published ones.
func (k *known) loadEmbedded(ctx context.Context) (*Dataset, error) {
	found, err := findFiles(embedded, "data")
	if err != nil {
		return nil, err
	}
	c, err := readFiles(ctx, embedded, found, "", false)
	if err != nil {
		return nil, err
	}
	c.sums = k.sums
	return k.dataset(c, "embedded", false)
}

// loadDir reads the four files in the folder dir or in a folder inside it that is
// named after the data set, or otherwise the .npz file there with that name. If there
// is none of these, it returns nil and no error. own says whether contents other than
// the published ones are accepted.
func (k *known) loadDir(ctx context.Context, dir string, own bool) (*Dataset, error) {
	fsys := os.DirFS(dir)
	for _, folder := range []string{k.folder, k.name, "."} {
		found, err := findFiles(fsys, folder)
		if errors.Is(err, errNoFiles) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s in %s: %w", k.title, filepath.Join(dir, folder), err)
		}
		c, err := readFiles(ctx, fsys, found, dir, true)
		if err != nil {
			return nil, err
		}
		return k.dataset(c, filepath.Join(dir, folder), own)
	}
	archive := filepath.Join(dir, k.folder+".npz")
	if _, err := os.Stat(archive); err != nil {
		return nil, nil
	}
	return k.loadNPZ(ctx, archive, own)
}

// loadNPZ reads the .npz file at path.
func (k *known) loadNPZ(ctx context.Context, path string, own bool) (*Dataset, error) {
	c, err := readNPZ(ctx, path)
	if err != nil {
		return nil, err
	}
	return k.dataset(c, path, own)
}
