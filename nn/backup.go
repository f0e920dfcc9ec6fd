package nn

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"

	"baregrad/tensor"
)

// BackupAndRestore saves the state of training: model, optimizer, random generator and
// the position in the epoch and in the data. If Fit is interrupted for any reason, running
// the same program again continues where it stopped, and ends with the same weights, bit for
// bit, as without the interruption. When training is complete, the file is removed. Other
// callbacks start over, and the history holds only the epochs since the restart.
type BackupAndRestore struct {
	BaseCallback
	Path  string // the file of the backup
	Every int    // batches between two backups; 0 means one at the end of each epoch
}

// position is a position in a training run.
type position struct {
	Epoch  int      `json:"epoch"`  // from 0
	Batch  int      `json:"batch"`  // of the epoch, the next one
	Used   int      `json:"used"`   // batches of the data that earlier epochs of the pass used
	Size   int      `json:"size"`   // of a batch
	Random []byte   `json:"random"` // the generator's state at the start of the pass
	Totals []uint32 `json:"totals"` // the bits of the sums for the epoch's means
}

// TrainBegin continues from the backup, if there is one.
func (b *BackupAndRestore) TrainBegin(r *Run) error {
	if b.Path == "" {
		return errors.New("backup and restore: no path was given")
	}
	if b.Every < 0 {
		return fmt.Errorf("backup and restore: every is %d, must be at least 0", b.Every)
	}
	place, err := r.Model.resume(b.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if place == nil {
		return fmt.Errorf("backup and restore: %s is a saved model, not a backup of a training run", b.Path)
	}
	if err := place.fits(b.Path, r); err != nil {
		return err
	}
	r.place = place
	return nil
}

// fits returns an error unless a training run can continue from the position in the file.
func (p *position) fits(path string, r *Run) error {
	size, steps := r.Options.BatchSize, r.History.Steps
	switch {
	case p.Batch == 0 && p.Used == 0: // between two passes, where any batches fit
	case p.Size != size || p.Batch > steps:
		return fmt.Errorf("backup and restore: %s was made after %d batches of %d examples, this training has %d of %d in an epoch",
			path, p.Batch, p.Size, steps, size)
	case p.Used > 0 && r.Options.StepsPerEpoch == 0:
		return fmt.Errorf("backup and restore: %s was made with %d batches of the data used in earlier epochs, this training uses all in each: set StepsPerEpoch as it was",
			path, p.Used)
	case p.Used >= r.pass.batches || p.Batch > r.pass.batches-p.Used:
		return fmt.Errorf("backup and restore: %s was made after %d batches of the data, this training's data have %d",
			path, p.Used+p.Batch, r.pass.batches)
	}
	return nil
}

// BatchEnd makes a backup after every Every batches.
func (b *BackupAndRestore) BatchEnd(r *Run) error {
	if b.Every == 0 || (r.Batch+1)%b.Every != 0 {
		return nil
	}
	sums := r.session.totals.Floats()
	totals := make([]uint32, len(sums))
	for i, sum := range sums {
		totals[i] = math.Float32bits(sum)
	}
	return r.Model.save(context.Background(), b.Path, &position{r.Epoch, r.Batch + 1, r.pass.used, r.Options.BatchSize, r.pass.random, totals})
}

// EpochEnd makes a backup.
func (b *BackupAndRestore) EpochEnd(r *Run, _ map[string]float64) error {
	random := r.pass.random // of the pass that goes on
	if r.pass.order == nil {
		var err error
		if random, err = r.Model.random.MarshalBinary(); err != nil {
			return err
		}
	}
	return r.Model.save(context.Background(), b.Path,
		&position{Epoch: r.Epoch + 1, Used: r.pass.used, Size: r.Options.BatchSize, Random: random})
}

// TrainEnd removes the backup.
func (b *BackupAndRestore) TrainEnd(*Run) error {
	if err := os.Remove(b.Path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// setTotals restores the sums from their bits.
func (s *session) setTotals(bits []uint32) error {
	if len(bits) != len(s.totalsNow) {
		return fmt.Errorf("the backup measures %d values, this training %d", len(bits), len(s.totalsNow))
	}
	for i, b := range bits {
		s.totalsNow[i] = math.Float32frombits(b)
	}
	tensor.Set(s.totals, s.totalsNow)
	return nil
}
