package mnist

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestArrayFloat32(t *testing.T) {
	own := []float32{1, 2, 3}
	if got := (&Array{Shape: []int{3}, Data: own}).Float32(); &got[0] != &own[0] {
		t.Error("float32 values are copied")
	}
	for _, data := range []any{[]float64{1, 2, 3}, []uint8{1, 2, 3}, []int32{1, 2, 3}, []int64{1, 2, 3}} {
		if got := (&Array{Shape: []int{3}, Data: data}).Float32(); !slices.Equal(got, own) {
			t.Errorf("%T: %v, expected %v", data, got, own)
		}
	}
	defer func() {
		if got := fmt.Sprint(recover()); !strings.Contains(got, "[]string") {
			t.Errorf("values of another type: panic %q", got)
		}
	}()
	(&Array{Data: []string{"a"}}).Float32()
}

func TestArrayInt32(t *testing.T) {
	own := []int32{1, 2, -3}
	if got, err := (&Array{Shape: []int{3}, Data: own}).Int32(); err != nil || &got[0] != &own[0] {
		t.Errorf("int32 values are copied, or refused: %v", err)
	}
	for _, data := range []any{[]float64{1, 2, -3}, []float32{1, 2, -3}, []int64{1, 2, -3}} {
		if got, err := (&Array{Shape: []int{3}, Data: data}).Int32(); err != nil || !slices.Equal(got, own) {
			t.Errorf("%T: %v, error %v, expected %v", data, got, err, own)
		}
	}
	if got, err := (&Array{Data: []uint8{0, 255}}).Int32(); err != nil || !slices.Equal(got, []int32{0, 255}) {
		t.Errorf("uint8: %v, error %v", got, err)
	}
	limits := []int64{math.MinInt32, math.MaxInt32}
	if got, err := (&Array{Data: limits}).Int32(); err != nil || int64(got[0]) != limits[0] || int64(got[1]) != limits[1] {
		t.Errorf("the limits: %v, error %v", got, err)
	}
	for want, data := range map[string]any{
		"value 1 of the array is 0.5":                                            []float64{1, 0.5},
		"value 0 of the array is NaN":                                            []float32{float32(math.NaN())},
		"value 0 of the array is +Inf":                                           []float64{math.Inf(1)},
		"value 1 of the array is 2147483648":                                     []int64{0, math.MaxInt32 + 1},
		"is -2147483649, expected a whole number from -2147483648 to 2147483647": []int64{math.MinInt32 - 1},
		"is 9223372036854775807":                                                 []int64{math.MaxInt64},
	} {
		if got, err := (&Array{Data: data}).Int32(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, error %v, expected one with %q", data, got, err, want)
		}
	}
	defer func() {
		if got := fmt.Sprint(recover()); !strings.Contains(got, "[]string") {
			t.Errorf("values of another type: panic %q", got)
		}
	}()
	(&Array{Data: []string{"a"}}).Int32()
}
