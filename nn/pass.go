package nn

import (
	"fmt"

	"baregrad/tensor"
)

// A pass is one pass over the training data, in an order of its own. Without StepsPerEpoch it
// is an epoch. With it, a pass lasts several epochs.
type pass struct {
	batches int     // of the data
	used    int     // of them, in earlier epochs of this pass
	order   []int32 // of the examples; nil before a pass begins
	random  []byte  // the generator's state before the augmentation and the order
}

// use counts the batches of an epoch. The pass is over when all are used.
func (p *pass) use(batches int) {
	if p.used += batches; p.used == p.batches {
		p.finish()
	}
}

// finish ends the pass: the next epoch begins a new one.
func (p *pass) finish() { p.used, p.order = 0, nil }

// beginPass augments the examples x and draws their order. It saves the generator's state
// before, so that a resumed run repeats both.
func (r *Run) beginPass(x *tensor.Tensor) (err error) {
	random, o := r.Model.random, r.Options
	if r.pass.random, err = random.MarshalBinary(); err != nil {
		return err
	}
	if o.Augment != nil {
		o.Augment(x, random.Rand)
	}
	order := ascending(x.Dim(0))
	if !o.NoShuffle {
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	r.pass.order = order
	return nil
}

// resume restores the state that a backup holds for the epoch that begins, if there is one:
// the random generator, the place in the data, and the sums over the epoch's batches that were
// done. It returns the number of these batches; n is the number of examples.
func (r *Run) resume(n int) (batch int, err error) {
	place := r.place
	if place == nil || place.Epoch != r.Epoch {
		return 0, nil
	}
	r.place = nil
	if err := r.Model.random.UnmarshalBinary(place.Random); err != nil {
		return 0, fmt.Errorf("the backup's random generator: %w", err)
	}
	r.pass.used = place.Used
	if place.Batch == 0 {
		return 0, nil
	}
	size := r.Options.BatchSize
	r.done = min((place.Used+place.Batch)*size, n) - place.Used*size
	return place.Batch, r.session.setTotals(place.Totals)
}

// validates reports whether the current epoch ends with a validation.
func (r *Run) validates() bool {
	return r.Options.ValidationX != nil && (r.Epoch+1)%max(1, r.Options.ValidationFreq) == 0
}
