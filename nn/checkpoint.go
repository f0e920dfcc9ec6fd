package nn

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// ModelCheckpoint saves the model at the end of each epoch, or every Every steps. If the
// program stops at any time, the file is either the old one or the complete new one.
type ModelCheckpoint struct {
	BaseCallback
	// Path is the file's name. Placeholders such as {epoch:02d} and {val_loss:.2f} stand
	// for the epoch, from 1, and for any measured value; with Every, {batch:03d} for the epoch's
	// batch, from 1. Missing folders are made.
	Path    string
	Monitor string // val_loss if empty; with Every and SaveBestOnly, a value of the training such as loss
	Mode    Mode   // which values are better; by default Either, which goes by the value's name
	// SaveBestOnly saves only if the monitored value is the best so far, and not in an epoch that
	// ValidationFreq leaves without it.
	SaveBestOnly bool
	// Threshold, if not nil, is the value to beat for the first save with SaveBestOnly,
	// for instance the best of an earlier training.
	Threshold   *float64
	WeightsOnly bool // save like Sequential.SaveWeights
	// Every is the number of training steps between two files; 0 means one at the end of each
	// epoch. Between epochs there are no validation values, so with Every neither Path nor the
	// monitor may use one. (Keras warns about such a monitor, and saves every time.)
	Every int

	monitor *monitor
	steps   int // since the last save
}

// TrainBegin resets the state of an earlier run. It returns an error for settings that can
// never work, such as a validation value with Every.
func (c *ModelCheckpoint) TrainBegin(*Run) error {
	if c.Every < 0 {
		return fmt.Errorf("model checkpoint: every is %d, must be at least 0", c.Every)
	}
	c.steps = 0
	if c.SaveBestOnly {
		c.monitor = newMonitor("model checkpoint", c.Monitor, c.Mode, 0)
		c.monitor.beat(c.Threshold)
		if c.Every > 0 && strings.HasPrefix(c.monitor.name, "val_") {
			return fmt.Errorf("model checkpoint: Every is %d, and between epochs there is no %q to monitor: set Monitor to loss or a metric, or leave Every out",
				c.Every, c.monitor.name)
		}
	}
	for _, parts := range placeholder.FindAllStringSubmatch(c.Path, -1) {
		switch name := parts[1]; {
		case c.Every == 0 && name == "batch":
			return fmt.Errorf("model checkpoint: {batch} in the path %q needs Every, the steps between two files", c.Path)
		case c.Every > 0 && strings.HasPrefix(name, "val_"):
			return fmt.Errorf("model checkpoint: Every is %d, and between epochs there is no %s for the path %q", c.Every, name, c.Path)
		}
	}
	_, err := fillIn(c.Path, 1, 1, nil)
	return err
}

// BatchEnd saves after every Every steps. The measured values are then those of the epoch
// so far, without validation.
func (c *ModelCheckpoint) BatchEnd(r *Run) error {
	if c.steps++; c.Every == 0 || c.steps < c.Every {
		return nil
	}
	c.steps = 0
	return c.save(r, r.Logs())
}

// EpochEnd saves, unless Every is set.
func (c *ModelCheckpoint) EpochEnd(r *Run, logs map[string]float64) error {
	if c.Every > 0 {
		return nil
	}
	return c.save(r, logs)
}

// save saves, with SaveBestOnly only if the value in logs has improved.
func (c *ModelCheckpoint) save(r *Run, logs map[string]float64) error {
	if c.SaveBestOnly {
		value, ok, err := c.monitor.value(r, logs)
		if err != nil || !ok || !c.monitor.improved(value) {
			return err
		}
	}
	path, err := fillIn(c.Path, r.Epoch+1, r.Batch+1, logs)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("model checkpoint: %w", err)
	}
	if c.WeightsOnly {
		return r.Model.SaveWeights(context.Background(), path)
	}
	return r.Model.Save(context.Background(), path)
}

var placeholder = regexp.MustCompile(`\{(\w+)(?::([^{}]*))?\}`)

// verb matches what may follow the colon: a width with or without zeros, a
// precision, and d, f or e.
var verb = regexp.MustCompile(`^(0?\d{0,2}d|0?\d{0,2}(\.\d{1,2})?[fe])$`)

// fillIn replaces the placeholders in a path. With nil logs it only checks their form.
func fillIn(path string, epoch, batch int, logs map[string]float64) (string, error) {
	if path == "" {
		return "", fmt.Errorf("model checkpoint: no path was given")
	}
	var failed error
	filled := placeholder.ReplaceAllStringFunc(path, func(match string) string {
		parts := placeholder.FindStringSubmatch(match)
		name, format := parts[1], parts[2]
		if format != "" && !verb.MatchString(format) {
			failed = fmt.Errorf("model checkpoint: %s in the path %q: expected a format such as {epoch:02d} or {val_loss:.2f}", match, path)
			return match
		}
		if count, ok := map[string]int{"epoch": epoch, "batch": batch}[name]; ok {
			if !strings.HasSuffix(format, "d") {
				return strconv.Itoa(count)
			}
			return fmt.Sprintf("%"+format, count)
		}
		value, ok := logs[name]
		if !ok {
			if logs != nil {
				failed = fmt.Errorf("model checkpoint: nothing called %q, in the path %q, is measured", name, path)
			}
			return match
		}
		if format == "" {
			return strconv.FormatFloat(value, 'g', -1, 64)
		}
		if strings.HasSuffix(format, "d") {
			failed = fmt.Errorf("model checkpoint: %s in the path %q: %s is no whole number; use {%s:.2f}", match, path, name, name)
			return match
		}
		return fmt.Sprintf("%"+format, value)
	})
	return filled, failed
}
