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
	if !Has(t, feature, have, why) {
		t.Skipf("needs %s: %s", feature, why)
	}
}

// Has is Require for a part of a test, where the rest goes on without the feature: it skips
// nothing, and gives have.
func Has(t testing.TB, feature string, have bool, why string) bool {
	t.Helper()
	if !have && required(os.Getenv("BAREGRAD_REQUIRE"), feature) {
		t.Fatalf("BAREGRAD_REQUIRE lists %s, which is missing: %s", feature, why)
	}
	return have
}

func required(list, feature string) bool {
	return slices.ContainsFunc(strings.Split(list, ","), func(name string) bool {
		return strings.TrimSpace(name) == feature
	})
}
