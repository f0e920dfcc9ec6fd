package mnist

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"baregrad/internal/spelling"
)

// known describes a data set that Load knows by name. All have 28×28 images in
// four IDX files with the same names.
type known struct {
	name    string
	aliases []string
	title   string
	classes []string
	// folder is its folder inside a folder that holds several data sets.
	folder string
	// embedded says whether the files are part of this package.
	embedded bool
	// system is the folder where a package of the operating system puts the
	// files, and hint how to install it.
	system, hint string
	// addresses lists web folders in which the files are published.
	addresses []string
	// ownClasses is Options.OwnClasses.
	ownClasses bool
	// sums are the SHA-256 sums of the decompressed files.
	sums [numFiles]string
}

const imageSize = 28

var knownSets = []*known{
	{
		name:     "mnist",
		aliases:  []string{"digits"},
		title:    "MNIST",
		classes:  []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
		folder:   "mnist",
		embedded: true,
		sums: [numFiles]string{
			"ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
			"65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
			"0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
			"ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
		},
	},
	{
		// 2017, Zalando SE, under the MIT licence.
		name:    "fashion",
		aliases: []string{"fashion-mnist"},
		title:   "Fashion-MNIST",
		classes: []string{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
			"Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"},
		folder: "fashion-mnist",
		system: "/usr/share/datasets/fashion-mnist",
		hint:   "apt install dataset-fashion-mnist",
		addresses: []string{
			"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
			"https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
		},
		sums: [numFiles]string{
			"c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
			"bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
			"5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
			"0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
		},
	},
}

// Names returns the names of the data sets that Load knows, each once.
func Names() []string {
	names := make([]string, len(knownSets))
	for i, k := range knownSets {
		names[i] = k.name
	}
	return names
}

// UnknownNameError reports a name that Load does not know.
type UnknownNameError struct {
	Name    string   // the name given
	Nearest []string // the known names closest to it, if any is close
	Known   []string // all known names
}

// Error lists the nearest known names and all known ones.
func (e *UnknownNameError) Error() string {
	text := fmt.Sprintf("unknown data set %q", e.Name)
	if len(e.Nearest) > 0 {
		text += fmt.Sprintf(`: did you mean "%s"?`, strings.Join(e.Nearest, `" or "`))
	} else {
		text += "."
	}
	return text + " Known: " + strings.Join(e.Known, ", ")
}

// lookup finds a data set by its name or an alias. Case does not matter, and an
// underscore counts as a hyphen, as in Keras's fashion_mnist.
func lookup(name string) (*known, error) {
	normal := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), "_", "-")
	unknown := &UnknownNameError{Name: name}
	best := -1
	for _, k := range knownSets {
		for _, candidate := range append([]string{k.name}, k.aliases...) {
			if candidate == normal {
				return k, nil
			}
			unknown.Known = append(unknown.Known, candidate)
			distance := spelling.Distance(normal, candidate)
			// A name with more than half of it mistyped is not suggested.
			if distance > len(candidate)/2 {
				continue
			}
			if best < 0 || distance < best {
				best, unknown.Nearest = distance, nil
			}
			if distance == best {
				unknown.Nearest = append(unknown.Nearest, candidate)
			}
		}
	}
	slices.Sort(unknown.Nearest)
	return nil, unknown
}

// dataset makes a data set of this kind from what was read. Contents other than
// the published ones are an error unless own is true, and even then if they are
// those of another known data set.
func (k *known) dataset(c *contents, source string, own bool) (*Dataset, error) {
	if own && k.ownClasses && c.sums != k.sums {
		d, err := ownDataset(c, source+" (not the published files)")
		if err != nil {
			return nil, err
		}
		if len(d.ClassNames) != len(k.classes) {
			return d, d.Train.expectSize(c.files[trainImages], imageSize, imageSize)
		}
	}
	d := &Dataset{
		Name: k.name, Title: k.title, ClassNames: slices.Clone(k.classes),
		Source: source, Published: c.sums == k.sums,
	}
	if err := d.fill(c); err != nil {
		return nil, err
	}
	if err := d.Train.expectSize(c.files[trainImages], imageSize, imageSize); err != nil {
		return nil, err
	}
	if d.Published {
		return d, nil
	}
	for i, sum := range c.sums {
		err := k.checkSum(i, sum, c.files[i])
		var other *otherSetError
		if errors.As(err, &other) || (err != nil && !own) {
			return nil, err
		}
	}
	d.Source += " (not the published files)"
	return d, nil
}

// recognise makes a data set from what was read: a known one if the contents are
// those that its authors published.
func recognise(c *contents, source string) (*Dataset, error) {
	for _, k := range knownSets {
		if c.sums == k.sums {
			return k.dataset(c, source, false)
		}
	}
	return ownDataset(c, source)
}

// otherSetError says which file of which known data set a file actually is.
type otherSetError struct{ title, file string }

func (e *otherSetError) Error() string { return e.title + "'s " + e.file }

// checkSum compares the sum of file number i with the published one.
func (k *known) checkSum(i int, sum, file string) error {
	if sum == k.sums[i] {
		return nil
	}
	bad := &FormatError{File: file, Thing: "SHA-256 sum of the decompressed contents",
		Found: sum, Expected: fmt.Sprintf("%s, of %s's %s", k.sums[i], k.title, fileNames[i])}
	for _, other := range knownSets {
		for j, known := range other.sums {
			if sum == known {
				bad.Err = &otherSetError{title: other.title, file: fileNames[j]}
				bad.Found += ", which is " + bad.Err.Error()
			}
		}
	}
	return bad
}
