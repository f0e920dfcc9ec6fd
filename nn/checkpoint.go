package nn

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// ModelCheckpoint saves the model at the end of epochs. Whenever the program is
// stopped, the file is a whole one, the old or the new.
type ModelCheckpoint struct {
	BaseCallback
	// Path is the file's name. {epoch:02d} and {val_loss:.2f} in it stand for the
	// epoch, from 1, and for anything that is measured.
	Path         string
	Monitor      string // val_loss where empty
	Mode         Mode
	SaveBestOnly bool // only when the monitored value is the best so far

	monitor *monitor
}

// TrainBegin forgets an earlier run.
func (c *ModelCheckpoint) TrainBegin(*Run) error {
	c.monitor = newMonitor(c.Monitor, c.Mode, 0)
	_, err := fillIn(c.Path, 1, nil)
	return err
}

// EpochEnd saves.
func (c *ModelCheckpoint) EpochEnd(r *Run, logs map[string]float64) error {
	if c.SaveBestOnly {
		improved, err := c.monitor.improved("model checkpoint", logs)
		if err != nil || !improved {
			return err
		}
	}
	path, err := fillIn(c.Path, r.Epoch+1, logs)
	if err != nil {
		return err
	}
	return r.Model.Save(context.Background(), path)
}

var placeholder = regexp.MustCompile(`\{(\w+)(?::([^{}]*))?\}`)

// verb is what may stand behind the colon: a width with or without zeros, a
// precision, and d, f or e.
var verb = regexp.MustCompile(`^(0?\d{0,2}d|0?\d{0,2}(\.\d{1,2})?[fe])$`)

// fillIn puts values into a path. With nil logs it only checks the form.
func fillIn(path string, epoch int, logs map[string]float64) (string, error) {
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
		if name == "epoch" {
			if !strings.HasSuffix(format, "d") {
				return strconv.Itoa(epoch)
			}
			return fmt.Sprintf("%"+format, epoch)
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
