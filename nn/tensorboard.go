package nn

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// TensorBoard writes each epoch's measurements as event files, which the program of that
// name shows as curves. The training values are in Dir/train and the validation values in
// Dir/validation, as epoch_loss, epoch_accuracy and so on.
type TensorBoard struct {
	BaseCallback
	Dir string // logs if empty

	begun time.Time
}

// TrainBegin starts new files.
func (b *TensorBoard) TrainBegin(*Run) error {
	b.begun = time.Now()
	return nil
}

// EpochEnd adds a point to each curve.
func (b *TensorBoard) EpochEnd(r *Run, logs map[string]float64) error {
	var train, validation []byte
	for _, name := range slices.Sorted(maps.Keys(logs)) {
		if tag, ok := strings.CutPrefix(name, "val_"); ok {
			validation = append(validation, scalar("epoch_"+tag, logs[name])...)
		} else {
			train = append(train, scalar("epoch_"+name, logs[name])...)
		}
	}
	if err := b.write("train", r.Epoch, train); err != nil {
		return err
	}
	if validation == nil {
		return nil
	}
	return b.write("validation", r.Epoch, validation)
}

// write appends an event to the file in a folder.
func (b *TensorBoard) write(folder string, epoch int, summary []byte) error {
	dir := b.Dir
	if dir == "" {
		dir = "logs"
	}
	dir = filepath.Join(dir, folder)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("tensorboard: %w", err)
	}
	name := fmt.Sprintf("events.out.tfevents.%d.%09d.baregrad", b.begun.Unix(), b.begun.Nanosecond())
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	var records bytes.Buffer
	if info.Size() == 0 {
		record(&records, event(b.begun, 0, protoBytes(3, []byte("brain.Event:2"))))
	}
	record(&records, event(time.Now(), epoch, protoBytes(5, summary)))
	if _, err := f.Write(records.Bytes()); err != nil {
		return err
	}
	return f.Sync()
}

// An event file is a sequence of records: the length of the data, a checksum of the
// length, the data, a checksum of the data. The data are an Event message in protocol
// buffer encoding: wall_time = 1, step = 2, and file_version = 3 or summary = 5. A
// summary holds values with tag = 1 and simple_value = 2.

func record(w *bytes.Buffer, data []byte) {
	length := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	w.Write(length)
	w.Write(binary.LittleEndian.AppendUint32(nil, maskedCRC(length)))
	w.Write(data)
	w.Write(binary.LittleEndian.AppendUint32(nil, maskedCRC(data)))
}

// maskedCRC is CRC-32C, rotated and offset, so that checksums of data that contain
// checksums are not degenerate.
func maskedCRC(data []byte) uint32 {
	sum := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
	return (sum>>15 | sum<<17) + 0xa282ead8
}

func event(at time.Time, step int, content []byte) []byte {
	b := []byte{1<<3 | 1} // field 1, 8 bytes
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(float64(at.UnixNano())/1e9))
	b = append(b, 2<<3) // field 2, a varint
	b = binary.AppendUvarint(b, uint64(step))
	return append(b, content...)
}

// scalar is a summary with one value: field 1, which contains tag and value.
func scalar(tag string, value float64) []byte {
	b := protoBytes(1, []byte(tag))
	b = append(b, 2<<3|5) // field 2, 4 bytes
	b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(value)))
	return protoBytes(1, b)
}

// protoBytes encodes a length-delimited field.
func protoBytes(field byte, content []byte) []byte {
	b := []byte{field<<3 | 2}
	b = binary.AppendUvarint(b, uint64(len(content)))
	return append(b, content...)
}
