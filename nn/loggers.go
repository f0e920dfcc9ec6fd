package nn

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"unicode/utf8"
)

// CSVLogger writes the measurements of each epoch to a file: the epoch, from 0, then
// the values sorted by name. With ValidationFreq, a value that was not measured is NA. Each row
// is synced to disk when its epoch ends.
type CSVLogger struct {
	BaseCallback
	Path      string // the file
	Append    bool   // append to the file if it exists
	Separator rune   // between the values; a comma if 0

	names []string // nil until the header is written
}

// TrainBegin creates the file, and empties it unless Append is set.
func (l *CSVLogger) TrainBegin(*Run) error {
	l.names = nil
	if l.Path == "" {
		return errors.New("csv logger: no path was given")
	}
	if r := l.Separator; r == '"' || r == '\r' || r == '\n' || r != 0 && !utf8.ValidRune(r) || r == utf8.RuneError {
		return fmt.Errorf("csv logger: the separator is %q, must be a character that is no quote and ends no line", r)
	}
	how := os.O_TRUNC
	if l.Append {
		how = os.O_APPEND
	}
	f, err := os.OpenFile(l.Path, os.O_CREATE|os.O_WRONLY|how, 0o644)
	if err != nil {
		return fmt.Errorf("csv logger: %w", err)
	}
	return f.Close()
}

// EpochEnd writes a row.
func (l *CSVLogger) EpochEnd(r *Run, logs map[string]float64) error {
	f, err := os.OpenFile(l.Path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("csv logger: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	w.Comma = cmp.Or(l.Separator, ',')
	if l.names == nil {
		l.names = slices.Sorted(maps.Keys(logs))
		if r.Options.ValidationX != nil && !r.validates() { // later rows have validation values, too
			for _, name := range l.names {
				if name != "learning_rate" {
					l.names = append(l.names, "val_"+name)
				}
			}
		}
		if info.Size() == 0 {
			w.Write(append([]string{"epoch"}, l.names...))
		}
	}
	row := []string{strconv.Itoa(r.Epoch)}
	for _, name := range l.names {
		cell := "NA"
		if value, ok := logs[name]; ok {
			cell = strconv.FormatFloat(value, 'g', -1, 64)
		}
		row = append(row, cell)
	}
	w.Write(row)
	w.Flush()
	if err := w.Error(); err != nil {
		return err
	}
	return f.Sync()
}

// TerminateOnNaN ends training when the loss is no longer finite. To notice at once, it
// waits for the device after each batch.
type TerminateOnNaN struct{ BaseCallback }

// BatchEnd checks the loss.
func (TerminateOnNaN) BatchEnd(r *Run) error {
	if loss := r.Logs()["loss"]; math.IsNaN(loss) || math.IsInf(loss, 0) {
		r.Say(fmt.Sprintf("Batch %d: Invalid loss, terminating training", r.Batch))
		r.Stop()
	}
	return nil
}
