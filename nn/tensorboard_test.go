package nn_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"testing"

	"baregrad/nn"
)

// protoField is one field of a protocol buffer: a number, or bytes.
type protoField struct {
	number uint64
	value  uint64
	bytes  []byte
}

// protoFields parses a protocol buffer.
func protoFields(t *testing.T, b []byte) (list []protoField) {
	t.Helper()
	for len(b) > 0 {
		key, n := binary.Uvarint(b)
		b = b[n:]
		f := protoField{number: key >> 3}
		switch key & 7 {
		case 0:
			f.value, n = binary.Uvarint(b)
			b = b[n:]
		case 1:
			f.value, b = binary.LittleEndian.Uint64(b), b[8:]
		case 2:
			length, n := binary.Uvarint(b)
			f.bytes, b = b[n:n+int(length)], b[n+int(length):]
		case 5:
			f.value, b = uint64(binary.LittleEndian.Uint32(b)), b[4:]
		default:
			t.Fatalf("a field of wire type %d", key&7)
		}
		list = append(list, f)
	}
	return list
}

// eventRecords parses an event file and verifies the checksums: CRC-32C, rotated right by 15
// bits, plus a constant.
func eventRecords(t *testing.T, file []byte) (list [][]byte) {
	t.Helper()
	check := func(what string, data []byte, sum uint32) {
		crc := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
		if want := crc>>15 + crc<<17 + 0xa282ead8; sum != want {
			t.Errorf("the checksum of the %s is %08x, want %08x", what, sum, want)
		}
	}
	for len(file) > 0 {
		length := binary.LittleEndian.Uint64(file)
		check("length", file[:8], binary.LittleEndian.Uint32(file[8:]))
		data := file[12 : 12+length]
		check("data", data, binary.LittleEndian.Uint32(file[12+length:]))
		list, file = append(list, data), file[16+length:]
	}
	return list
}

// The event files hold Fit's measurements, epoch by epoch, in TensorBoard's format. The first
// record gives the format's version; all of it but the time is known.
func TestTensorBoard(t *testing.T) {
	dir := t.TempDir()
	d := open(t, "reference")
	x, y := stripes(d, 80)
	m := stripeModel(t, d, 1)
	h, err := m.Fit(context.Background(), x, y, quiet(2, &nn.TensorBoard{Dir: dir}))
	if err != nil {
		t.Fatal(err)
	}
	for folder, prefix := range map[string]string{"train": "", "validation": "val_"} {
		paths, err := filepath.Glob(filepath.Join(dir, folder, "events.out.tfevents.*"))
		if err != nil || len(paths) != 1 {
			t.Fatalf("%s: %v (error %v), want one file", folder, paths, err)
		}
		file, err := os.ReadFile(paths[0])
		if err != nil {
			t.Fatal(err)
		}
		all := eventRecords(t, file)
		if len(all) != 3 {
			t.Fatalf("%s: %d records, want the version and two epochs", folder, len(all))
		}
		if begin, want := all[0], []byte("\x10\x00\x1a\x0dbrain.Event:2"); begin[0] != 1<<3|1 || !bytes.Equal(begin[9:], want) {
			t.Errorf("%s: the first record is %q, want a time and %q", folder, begin, want)
		}
		last := 0.0 // time
		for epoch, data := range all[1:] {
			got := map[string]float64{}
			for _, f := range protoFields(t, data) {
				switch f.number {
				case 1:
					at := math.Float64frombits(f.value)
					if !(at >= last) {
						t.Errorf("%s: epoch %d was written at %v s, the one before at %v s", folder, epoch, at, last)
					}
					last = at
				case 2:
					if f.value != uint64(epoch) {
						t.Errorf("%s: step %d, want %d", folder, f.value, epoch)
					}
				case 5:
					for _, value := range protoFields(t, f.bytes) {
						scalar := protoFields(t, value.bytes)
						got[string(scalar[0].bytes)] = float64(math.Float32frombits(uint32(scalar[1].value)))
					}
				}
			}
			want := map[string]float64{}
			for _, name := range []string{"loss", "accuracy"} {
				want["epoch_"+name] = float64(float32(h.Values[prefix+name][epoch]))
			}
			if fmt.Sprint(got) != fmt.Sprint(want) { // in the order of the names
				t.Errorf("%s: epoch %d is %v, want %v", folder, epoch, got, want)
			}
		}
	}
}

// Without validation there is no folder for it.
func TestTensorBoardWithoutValidation(t *testing.T) {
	dir := t.TempDir()
	d := open(t, "reference")
	x, y := stripes(d, 32)
	o := quiet(1, &nn.TensorBoard{Dir: dir})
	o.ValidationSplit = 0
	if _, err := stripeModel(t, d, 1).Fit(context.Background(), x, y, o); err != nil {
		t.Fatal(err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 1 || list[0].Name() != "train" {
		t.Errorf("the folder holds %v (error %v), want train alone", list, err)
	}
}
