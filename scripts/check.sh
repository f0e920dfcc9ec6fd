#!/usr/bin/env bash
# Finds what works on this machine but not on others.
#
#   scripts/check.sh builds              gofmt, vet and build for every build configuration
#   scripts/check.sh purego [PACKAGE…]   tests without assembly and cgo
#   scripts/check.sh 386 [PACKAGE…]      tests where an int has 32 bits
#   scripts/check.sh arm64 [PACKAGE…]    tests on arm64; elsewhere qemu-aarch64 must be installed
#   scripts/check.sh changed [BASE]      all four; tests only what differs from BASE (main)
#
# The default packages are all that such machines have a use for; for arm64 those whose
# results must have the same bits as elsewhere.
set -euo pipefail
CDPATH='' cd "$(dirname "$0")/.."

# kernels/cuda has no assembly, so purego changes nothing there. The engine must work with
# 32 bits; benchmarks and the emulator need not.
of_purego() { go list ./... | grep -v /kernels/cuda; }
of_386() { go list ./tensor ./kernels ./kernels/reference ./autograd ./nn/... ./mnist; }
of_arm64() { go list ./tensor ./kernels ./kernels/reference ./kernels/auto ./kernels/cuda/emulator/... ./autograd ./nn/... ./mnist; }

builds() {
	scripts/lint.sh
	CGO_ENABLED=0 go build ./...
	GOOS=linux GOARCH=arm64 go build ./...
	GOOS=darwin GOARCH=arm64 go build ./...
	GOOS=windows GOARCH=amd64 go build ./...
	GOOS=linux GOARCH=386 go build ./...
	scripts/fused.sh
}

purego() { CGO_ENABLED=0 go test -tags purego "$@"; }
narrow() { GOARCH=386 CGO_ENABLED=0 go test "$@"; }

# arm64 skips the longest trainings of nn, and tests that take minutes on an emulated
# processor: products, which the networks test too, and thousands of PTX programs. An
# emulated test can't start itself, as TestKilledWhileSaving does.
arm64() {
	local run=(-exec qemu-aarch64) long starts='|^TestKilledWhileSaving$'
	[ "$(go env GOHOSTARCH)" = arm64 ] && run=() starts=''
	long='^(Example_.*|TestAgainstKeras|TestUpdatesWithTheirProducts|TestTrainingSideBySide|TestBackupResumesBitForBit|TestTruncated)$'
	long+='|^(TestClang|TestMutants)$|^TestKernels$/^(MatMulUpdate|SampledMatMul|MatMul|Conv2DReLUMaxPool)$'
	GOARCH=arm64 CGO_ENABLED=0 go test -timeout 30m "${run[@]}" -skip "$long$starts" "$@"
}
runs_arm64() { [ "$(go env GOHOSTARCH)" = arm64 ] || command -v qemu-aarch64 >/dev/null; }

# differing lists the packages that have files which differ from BASE or are new.
differing() {
	{ git diff --name-only "$(git merge-base "$1" HEAD)" && git ls-files -o --exclude-standard; } |
		sed -n 's#/testdata/.*##p; t; s#/[^/]*\.\(go\|s\|ptx\)$##p' | sort -u |
		while read -r dir; do [ -d "$dir" ] && go list -e -f '{{if .Name}}{{.ImportPath}}{{end}}' "./$dir"; done | grep . || true
}

# both lists what two lists have in common.
both() { comm -12 <(sort -u <<<"$1") <(sort -u <<<"$2") | grep . || true; }

what=${1:-}
[ $# -gt 0 ] && shift
case $what in
builds) builds ;;
purego) purego ${*:-$(of_purego)} ;;
386) narrow ${*:-$(of_386)} ;;
arm64)
	runs_arm64 || { echo 'qemu-aarch64 is missing: it is in the package qemu-user of Debian and Ubuntu' >&2; exit 1; }
	arm64 ${*:-$(of_arm64)}
	;;
changed)
	git rev-parse -q --verify "${1:-main}^{commit}" >/dev/null || { echo "there is no commit ${1:-main}" >&2; exit 1; }
	builds
	list=$(differing "${1:-main}")
	echo "differs from ${1:-main}:" ${list:-nothing}
	for way in purego 386 arm64; do
		packages=$(both "$list" "$("of_$way")")
		[ -n "$packages" ] || continue
		if [ $way = arm64 ] && ! runs_arm64; then
			echo "LEFT OUT: tests on arm64, without qemu-aarch64 (of the package qemu-user)"
			continue
		fi
		scripts/check.sh $way $packages
	done
	;;
*)
	sed -n '2,11s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac
