package mnist

import (
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"strings"

	"baregrad/internal/spelling"
)

// A Form is a way to convert a picture to 28×28 grey levels. A model needs pictures in
// the form of the images that it was trained on.
type Form string

// The forms.
const (
	// DigitForm is the form of MNIST's images: see Digit.
	DigitForm Form = "digit"
	// FashionForm is the form of Fashion-MNIST's images: see Garment.
	FashionForm Form = "fashion"
	// PlainForm keeps the picture's grey levels, 0 black to 255 white, and only scales
	// it: see Plain.
	PlainForm Form = "plain"
)

// FormByName returns the form with that name.
func FormByName(name string) (Form, error) {
	names := []string{string(DigitForm), string(FashionForm), string(PlainForm)}
	for _, n := range names {
		if n == name {
			return Form(n), nil
		}
	}
	hint := "."
	if guess := spelling.Guess(name, names); guess != "" {
		hint = fmt.Sprintf(": did you mean %q?", guess)
	}
	return "", fmt.Errorf("unknown form %q%s Known: %s", name, hint, strings.Join(names, ", "))
}

// garmentThreshold is the distance from the background at which a pixel belongs to a
// garment: a twentieth of the range, at which Fashion-MNIST's authors trimmed.
const garmentThreshold = 255. / 20

// Garment converts a picture of one piece of clothing to the form of Fashion-MNIST's
// images, nearly as their authors did (Xiao, Rasul and Vollgraf, "Fashion-MNIST: a
// novel image dataset for benchmarking machine learning algorithms", 2017, section
// 2). The background is trimmed off, the longer side becomes 28 pixels, the piece is
// centred, and what differs most from the background becomes 255, as if on white. So
// a white shirt on white paper is hard to see there too. The pictures of the data set
// were also sharpened a little; these are not.
//
// It refuses the same pictures as Digit.
func Garment(img image.Image) ([]uint8, error) { return garment(img, 1) }

func garment(img image.Image, orientation int) ([]uint8, error) {
	ink, _, err := inkOf(img, orientation)
	if err != nil {
		return nil, err
	}
	bounds := ink.digitBounds(garmentThreshold)
	return middle28(ink.crop(bounds).fit(imageSize)), nil
}

// Plain scales a picture to 28×28 pixels so that its longer side fits. The rest is
// black. Grey levels stay as they are, 0 black to 255 white, and transparent parts
// count as black. It is for images that already have the form that a model knows,
// such as those of its data set saved as files.
//
// A picture without pixels or with more than 25 million gives a *FormatError.
func Plain(img image.Image) ([]uint8, error) { return asIs(img, 1) }

func asIs(img image.Image, orientation int) ([]uint8, error) {
	bounds := img.Bounds()
	if err := checkImageSize("", bounds.Dx(), bounds.Dy()); err != nil {
		return nil, err
	}
	grey, onBlack := greyPlanes(img)
	if onBlack != nil {
		grey = onBlack
	}
	return middle28(grey.turn(orientation).fit(imageSize)), nil
}

// inkOf returns how far each pixel of a picture is from its background, and the
// largest distance. A picture with nothing on it is refused.
func inkOf(img image.Image, orientation int) (*plane, float64, error) {
	bounds := img.Bounds()
	if err := checkImageSize("", bounds.Dx(), bounds.Dy()); err != nil {
		return nil, 0, err
	}
	onWhite, onBlack := greyPlanes(img)
	ink, contrast := onWhite.turn(orientation).ink()
	if contrast < minContrast && onBlack != nil {
		ink, contrast = onBlack.turn(orientation).ink()
	}
	if contrast < minContrast {
		return nil, 0, &FormatError{Thing: "contrast between ink and background",
			Found:    fmt.Sprintf("%.0f of 255", contrast),
			Expected: fmt.Sprintf("at least %d: the image is blank", minContrast)}
	}
	return ink, contrast, nil
}

// middle28 puts a plane of at most 28×28 pixels in the middle of a 28×28 image.
func middle28(p *plane) []uint8 {
	out := make([]uint8, imageSize*imageSize)
	left, top := (imageSize-p.width)/2, (imageSize-p.height)/2
	for y := range p.height {
		for x := range p.width {
			out[(top+y)*imageSize+left+x] = uint8(min(max(p.at(x, y)+0.5, 0), 255))
		}
	}
	return out
}

// ReadPicture reads a PNG or JPEG picture and converts it to the form. The name is
// only used in errors. A JPEG picture that a camera marked as rotated is turned
// upright first.
//
// It returns a *FormatError for other or damaged files, files of more than 64 MiB,
// pictures with more pixels than the file's size justifies, and pictures that Digit,
// Garment or Plain refuses.
func (f Form) ReadPicture(r io.Reader, name string) ([]uint8, error) {
	bring, ok := map[Form]func(image.Image, int) ([]uint8, error){DigitForm: digit, FashionForm: garment, PlainForm: asIs}[f]
	if !ok {
		_, err := FormByName(string(f))
		return nil, err
	}
	img, orientation, err := readImage(r, name)
	if err != nil {
		return nil, err
	}
	pixels, err := bring(img, orientation)
	if bad := (*FormatError)(nil); errors.As(err, &bad) {
		bad.File = name
	}
	return pixels, err
}

// ReadPictureFile reads the PNG or JPEG picture at path, as ReadPicture does.
func (f Form) ReadPictureFile(path string) ([]uint8, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return f.ReadPicture(file, path)
}
