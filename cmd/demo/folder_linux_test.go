package main

import (
	"context"
	"strings"
	"testing"
)

// A folder in which no file can be created is named, without the name of the file that was tried.
// (Not even root can create one in /proc.)
func TestFolderThatTakesNoFiles(t *testing.T) {
	for _, args := range []string{"train --save /proc/model", "train --out /proc", "tutorial binary-mlp --out /proc"} {
		status, out, errs := demo(context.Background(), strings.Fields(args)...)
		if status != statusFailed || !strings.Contains(errs, "no file can be created in /proc: ") || strings.Contains(errs, ".demo-") ||
			strings.Contains(out, "Epoch") {
			t.Errorf("demo %s: status %d, standard error %q", args, status, errs)
		}
	}
}
