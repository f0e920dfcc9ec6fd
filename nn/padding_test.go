package nn_test

import (
	"bytes"
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"baregrad/nn"
	"baregrad/tensor"
)

// A ZeroPadding2D and a convolution without padding are a convolution with padding: the same bits.
// Saved and loaded, the model computes the same, and the table of its layers names the padding.
func TestZeroPadding2DAndItsFile(t *testing.T) {
	d, ctx := open(t, "reference"), context.Background()
	for _, format := range []nn.DataFormat{nn.ChannelsLast, nn.ChannelsFirst} {
		input, padded := []int{5, 6, 2}, "(None, 8, 8, 2)"
		if format == nn.ChannelsFirst {
			input, padded = []int{2, 5, 6}, "(None, 2, 8, 8)"
		}
		// A window of 4×3 with Same padding adds 1 row above, 2 below and a column on each side.
		same := nn.NewSequential(d, nn.Seed(1),
			&nn.Conv2D{Filters: 3, Kernel: [2]int{4, 3}, Padding: nn.Same, DataFormat: format, Name: "conv", InputShape: input})
		m := nn.NewSequential(d, nn.Seed(1),
			&nn.ZeroPadding2D{Padding: [2][2]int{{1, 2}, {1, 1}}, DataFormat: format, InputShape: input},
			&nn.Conv2D{Filters: 3, Kernel: [2]int{4, 3}, DataFormat: format, Name: "conv"})
		values := make([]float32, 2*5*6*4)
		for i := range values {
			values[i] = float32(i%13) - 6
		}
		x := tensor.From(d, values, append([]int{4}, input...)...)
		predicted := func(m *nn.Sequential) []float32 {
			t.Helper()
			y, err := m.Predict(ctx, x, nn.EvaluateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			return y.Floats()
		}
		want := predicted(same)
		if got := predicted(m); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", format, got, want)
		}
		path := filepath.Join(t.TempDir(), "model")
		if err := m.Save(ctx, path); err != nil {
			t.Fatal(err)
		}
		loaded, err := nn.Load(ctx, d, path)
		if err != nil {
			t.Fatal(err)
		}
		if got := predicted(loaded); !slices.Equal(got, want) {
			t.Errorf("%s, loaded: %v, want %v", format, got, want)
		}
		var table bytes.Buffer
		if err := loaded.Summary(&table); err != nil {
			t.Fatal(err)
		}
		if line := "│ zero_padding2d (ZeroPadding2D)       │ " + padded; !strings.Contains(table.String(), line) {
			t.Errorf("the table lacks %q:\n%s", line, table.String())
		}
	}
}
