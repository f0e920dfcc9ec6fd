package mnist

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestSetSlices(t *testing.T) {
	s := Set{Images: count(5 * 6), Labels: count(5), N: 5, Rows: 2, Cols: 3}
	if got := s.Image(2); !bytes.Equal(got, []byte{12, 13, 14, 15, 16, 17}) {
		t.Errorf("image 2: %v", got)
	}
	part := s.Slice(1, 3)
	if got := part.Int32Labels(); !slices.Equal(got, []int32{int32(part.Labels[0]), int32(part.Labels[1])}) || len(got) != 2 {
		t.Errorf("labels %d as int32, want %d", got, part.Labels)
	}
	if part.N != 2 || !bytes.Equal(part.Labels, []byte{1, 2}) || !bytes.Equal(part.Image(0), s.Image(1)) {
		t.Errorf("slice [1:3]: %+v", part)
	}
	copied := s.Clone()
	copied.Images[0], copied.Labels[0] = 99, 99
	if s.Images[0] != 0 || s.Labels[0] != 0 {
		t.Error("a clone shares memory")
	}
	for name, f := range map[string]func(){
		"image -1":    func() { s.Image(-1) },
		"image 5":     func() { s.Image(5) },
		"slice [3:2]": func() { s.Slice(3, 2) },
		"slice [0:6]": func() { s.Slice(0, 6) },
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, name) {
					t.Errorf("%s: panic %q", name, got)
				}
			}()
			f()
		}()
	}
}
