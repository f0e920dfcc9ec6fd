package kerneltest

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// Require skips the test if the machine does not have a feature that it needs,
// saying why. It fails the test instead if the feature is listed in the environment
// variable BAREGRAD_REQUIRE, as in BAREGRAD_REQUIRE=avx512,avx2: where the
// feature is known to be there, a skip would hide that it is not used.
func Require(t testing.TB, feature string, have bool, why string) {
	t.Helper()
	if have {
		return
	}
	if required(os.Getenv("BAREGRAD_REQUIRE"), feature) {
		t.Fatalf("BAREGRAD_REQUIRE lists %s, which is missing: %s", feature, why)
	}
	t.Skipf("needs %s: %s", feature, why)
}

func required(list, feature string) bool {
	return slices.ContainsFunc(strings.Split(list, ","), func(name string) bool {
		return strings.TrimSpace(name) == feature
	})
}
