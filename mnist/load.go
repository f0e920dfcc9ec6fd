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

// EnvDir is the environment variable that names a folder of data sets.
const EnvDir = "BAREGRAD_DATA"

// Options says where Load looks. The zero value is useful.
type Options struct {
	// Dir is a folder that holds the four IDX files, gzipped or not, itself or
	// in a folder named after the data set ("mnist", "fashion-mnist"), or a .npz
	// file named after it (mnist.npz); or it is the path of a .npz file itself.
	Dir string
	// OwnClasses takes the classes from the labels where Dir holds files of one's own whose
	// labels name more or fewer classes than the data set has: each is called by its
	// number, and the data set is called "own". Otherwise such files get the data set's
	// classes, and labels beyond them are an error.
	OwnClasses bool
	// CacheDir is the folder that downloaded data sets are kept in, each in a
	// folder of its own. Empty: baregrad in os.UserCacheDir().
	CacheDir string

	// NoDownload makes data that is not on this machine an error.
	NoDownload bool
	// Progress, if not nil, is called again and again while files are
	// downloaded, from the goroutine that called Load.
	Progress func(Progress)
	// Addresses lists folders on the web to download from, in place of those
	// where the data set is published. Each ends with a slash.
	Addresses []string
	// Client makes the requests. Nil: http.DefaultClient.
	Client *http.Client
	// StallTimeout is how long a download may bring nothing before it is given
	// up. Zero: 30 seconds.
	StallTimeout time.Duration
}

// Load returns the data set called name: "mnist", or "fashion" (also
// "fashion-mnist"). An unknown name is an *UnknownNameError.
//
// MNIST is read from opts.Dir if that is given, and otherwise from the files
// embedded in this package. Fashion-MNIST is looked for in opts.Dir, in the
// folder that the environment variable BAREGRAD_DATA names, in the cache
// folder, and where the Debian package dataset-fashion-mnist puts it; where it
// is in none of these it is downloaded into the cache. If that fails too, the
// error is a *NotFoundError, which says where to put the files.
//
// Contents are checked against the SHA-256 sums of what was published. Only
// opts.Dir may hold other files of the same form, such as a data set of one's
// own; Dataset.Published is then false. A file that is damaged or does not
// belong is a *FormatError. When ctx is cancelled, Load stops and returns its
// error.
func Load(ctx context.Context, name string, opts Options) (*Dataset, error) {
	k, err := lookup(name)
	if err != nil {
		return nil, err
	}
	return k.load(ctx, opts)
}

// LoadFS returns the data set in the four IDX files in the top folder of fsys,
// named as MNIST's files are, gzipped (.gz) or not. The images may be of any
// one size. Where the contents are those of a data set that Load knows, it
// gets its name and class names; in any other, each class is named by its
// number.
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
	Hint   string   // a command that installs them, where there is one
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
	label string // how errors call it
	// own tells that other files than the published ones are welcome.
	own bool
	// cache tells that a download replaces what is damaged.
	cache bool
}

// places returns where to look, in this order, and the cache folder ("" where
// the user has none). A place without a folder is only there to be named.
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
	var damage error // what is wrong in the cache
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

// loadEmbedded reads the embedded files. Their gzip checksums are checked as
// they are read; that they are the published ones, a test has checked.
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

// loadDir reads the four files in the folder dir or in a folder within that is
// named after the data set, or else the .npz file there that is. Where there
// is none of these it returns nil and no error. Whether contents other than
// the published ones will do, own says.
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
