package kernels_test

import (
	"testing"

	"baregrad/kernels"
)

// The known answers for philox4x32-10 that its authors published with Random123.
func TestPhiloxKnownAnswers(t *testing.T) {
	for _, c := range []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{
			[4]uint32{}, [2]uint32{},
			[4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
		}, {
			[4]uint32{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, [2]uint32{0xffffffff, 0xffffffff},
			[4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
		}, { // the digits of π
			[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
		},
	} {
		if got := kernels.Philox(c.counter, c.key); got != c.want {
			t.Errorf("Philox(%08x, %08x) = %08x, want %08x", c.counter, c.key, got, c.want)
		}
	}
}

func TestPhiloxUse(t *testing.T) {
	s := kernels.DropoutSpec{Seed: 0xa4093822_299f31d0, Layer: 3}
	if got, want := s.DropoutBits(1, 2), kernels.Philox([4]uint32{1, 2, 3, 0}, [2]uint32{0x299f31d0, 0xa4093822}); got != want {
		t.Errorf("DropoutBits = %08x, want %08x", got, want)
	}
	for bits, want := range map[uint32]float32{0: 0, 0xff: 0, 0x100: 1. / (1 << 24), 1 << 31: 0.5, 0xffffffff: 1 - 1./(1<<24)} {
		if got := kernels.UniformBits(bits); got != want {
			t.Errorf("UniformBits(%#x) = %v, want %v", bits, got, want)
		}
	}
}
