package mnist

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
)

const (
	maxImageFile = 64 << 20
	// A picture may have pixelFloor pixels, plus pixelPerByte for each byte of its
	// file: a drawing on a large blank sheet packs hundreds of pixels into a byte.
	pixelFloor   = 4 << 20
	pixelPerByte = 512
)

// ReadDigit reads a PNG or JPEG picture of one digit and converts it to the form
// of MNIST's images, as Digit does. It is DigitForm.ReadPicture.
func ReadDigit(r io.Reader, name string) ([]uint8, error) { return DigitForm.ReadPicture(r, name) }

// ReadDigitFile reads the PNG or JPEG picture at path, as ReadDigit does.
func ReadDigitFile(path string) ([]uint8, error) { return DigitForm.ReadPictureFile(path) }

// readImage decodes a picture and returns its EXIF orientation.
func readImage(r io.Reader, name string) (img image.Image, orientation int, err error) {
	data, err := io.ReadAll(io.LimitReader(r, maxImageFile+1))
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", name, err)
	}
	if len(data) > maxImageFile {
		return nil, 0, &FormatError{File: name, Thing: "size of the file",
			Found: fmt.Sprintf("more than %d bytes", maxImageFile), Expected: "at most that"}
	}
	if img, err = decodeImage(data, name); err != nil {
		return nil, 0, err
	}
	if isJPEG(data) {
		return img, jpegOrientation(data), nil
	}
	return img, 1, nil
}

// decodeImage decodes a PNG or JPEG file, after checking its size.
func decodeImage(data []byte, name string) (image.Image, error) {
	var kind string
	var config func(io.Reader) (image.Config, error)
	var decode func(io.Reader) (image.Image, error)
	switch {
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		kind, config, decode = "PNG", png.DecodeConfig, png.Decode
	case isJPEG(data):
		kind, config, decode = "JPEG", jpeg.DecodeConfig, jpeg.Decode
	default:
		return nil, &FormatError{File: name, Thing: "kind of file",
			Found: fmt.Sprintf("one that begins with %q", data[:min(len(data), 8)]), Expected: "a PNG or JPEG picture"}
	}
	damaged := func(err error) error {
		return &FormatError{File: name, Thing: kind + " picture",
			Found: "damage (" + err.Error() + ")", Expected: "a whole file", Err: err}
	}
	size, err := config(bytes.NewReader(data))
	if err != nil {
		return nil, damaged(err)
	}
	if err := checkImageSize(name, size.Width, size.Height); err != nil {
		return nil, err
	}
	if most := pixelFloor + pixelPerByte*len(data); size.Width*size.Height > most {
		return nil, &FormatError{File: name, Thing: "size of the image",
			Found:    fmt.Sprintf("%d×%d pixels", size.Width, size.Height),
			Expected: fmt.Sprintf("at most %d pixels, which a file of %d bytes justifies", most, len(data))}
	}
	img, err := decode(bytes.NewReader(data))
	if err != nil {
		return nil, damaged(err)
	}
	return img, nil
}

// isJPEG reports whether data starts like a JPEG file.
func isJPEG(data []byte) bool { return bytes.HasPrefix(data, []byte("\xff\xd8")) }

// jpegOrientation returns how the camera was held, 1 (upright) to 8, from the EXIF
// part of a JPEG file. It is 1 if there is no valid EXIF orientation.
//
// EXIF is a TIFF file inside an APP1 segment: a byte order, the offset of a
// table, and in the table entries of 12 bytes: tag, type, count, value.
// Orientation is the tag 0x0112, one 16-bit number.
func jpegOrientation(data []byte) int {
	const app1, startOfScan = 0xe1, 0xda
	for at := 2; at+4 <= len(data) && data[at] == 0xff && data[at+1] != startOfScan; {
		length := int(binary.BigEndian.Uint16(data[at+2:])) // counts its own two bytes
		end := at + 2 + length
		if length < 2 || end > len(data) {
			return 1
		}
		if tiff, ok := bytes.CutPrefix(data[at+4:end], []byte("Exif\x00\x00")); ok && data[at+1] == app1 {
			return tiffOrientation(tiff)
		}
		at = end
	}
	return 1
}

// tiffOrientation returns the orientation in the first table of a TIFF file.
func tiffOrientation(tiff []byte) int {
	const tagOrientation, typeShort = 0x0112, 3
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	table := uint64(order.Uint32(tiff[4:]))
	if table+2 > uint64(len(tiff)) {
		return 1
	}
	for i := range uint64(order.Uint16(tiff[table:])) {
		at := table + 2 + 12*i
		if at+12 > uint64(len(tiff)) {
			return 1
		}
		entry := tiff[at : at+12]
		if order.Uint16(entry) == tagOrientation && order.Uint16(entry[2:]) == typeShort {
			if value := int(order.Uint16(entry[8:])); value >= 1 && value <= 8 {
				return value
			}
		}
	}
	return 1
}
