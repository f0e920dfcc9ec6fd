#!/usr/bin/env bash
# Runs the GPU lab: tests every operation on the GPU, compares the GPU with the
# emulator, times kernels and training beside PyTorch where that is installed, and
# writes a report. Nothing is built. All parts together take under 8 minutes.
#
#   ./run.sh [--smoke] [--budget SECONDS] [--fresh] [PART…]
#
# The parts, in the order in which they run where none is named:
#   correctness  every operation's test, training by graphs, errors, memory
#   bits         every operation on GPU and emulator, bit for bit
#   probe        what PTX leaves open: asks the hardware, writes test data
#   matmul, conv, memory   times of kernels, beside cuBLAS and cuDNN
#   epochs       an epoch of each tutorial, beside PyTorch
#   to99         training to 99 % on MNIST, beside PyTorch
#   sanitizer    compute-sanitizer over training steps
# and by name only:
#   sanitizer-all  memcheck over every operation's test: minutes
#   report         makes the report again
#
# Every part has its own limit of time, and what it measured before it was stopped
# is kept. After each part report.md, report.json, log.txt and raw.tar.gz (all that
# was written) are in $OUT, or in a folder of their own here if OUT is not set.
# Parts that were run by name add to what was measured before on this machine;
# --fresh, or no name, begins anew.
#
# It needs an NVIDIA driver; what else it finds (PyTorch, compute-sanitizer) it uses,
# and what it does not find is not measured, and the report says so. With --smoke and
# BAREGRAD_LIBCUDA=emulator it tries itself out, at tiny sizes, on any machine.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
smoke='' budget=460 fresh='' parts=()
while [ $# -gt 0 ]; do
	case $1 in
	--smoke) smoke=-smoke ;;
	--budget) budget=$2; shift ;;
	--fresh) fresh=1 ;;
	correctness | bits | probe | matmul | conv | memory | epochs | to99 | sanitizer | sanitizer-all | report) parts+=("$1") ;;
	*) echo "$0: there is no part called $1; the head of this file lists them" >&2; exit 2 ;;
	esac
	shift
done
[ -n "$smoke" ] && budget=3000 # a machine without a GPU may have other things to do
[ ${#parts[@]} -eq 0 ] && fresh=1 && parts=(correctness bits probe matmul conv memory epochs to99 sanitizer)

out=${OUT:-results-$(date -u +%Y%m%d-%H%M%S)}
mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 1
home=${TMPDIR:-/tmp}/baregrad-gpu-lab-$(id -u)
bin=$home/bin raw=$home/raw
python=${PYTHON:-python3}
failures=0

# unpack puts the programs into $bin, unless they are there.
unpack() {
	local sum
	sum=$(cksum <"$here/lab.tar.xz") || return
	[ "$(cat "$bin/sum" 2>/dev/null)" = "$sum" ] && return
	rm -rf "$bin" && mkdir -p "$bin" || return
	if command -v xz >/dev/null; then
		xz -dc "$here/lab.tar.xz" | tar -x -C "$bin"
	else
		"$python" -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), sys.stdout.buffer)' "$here/lab.tar.xz" | tar -x -C "$bin"
	fi || return
	echo "$sum" >"$bin/sum"
}

# check NAME LIMIT COMMAND…: runs a step of the part, for LIMIT seconds at most and
# while the budget lasts, and notes how it went, and the GPU's clocks meanwhile.
part='' steps=0
check() {
	local name=$1 limit=$2 begin=$SECONDS status sampler='' file
	shift 2
	[ -n "$smoke" ] && limit=$((10 * limit))
	[ $((budget - SECONDS)) -lt "$limit" ] && limit=$((budget - SECONDS))
	if [ "$limit" -lt 3 ]; then
		note "$name" 'not run: the time was up' 0
		return
	fi
	printf '\n=== %s: %s\n' "$part" "$name"
	file=$(notes)
	if command -v nvidia-smi >/dev/null; then
		nvidia-smi --query-gpu=clocks.sm,clocks.mem,power.draw,temperature.gpu --format=csv,noheader,nounits -l 1 >"$file.clocks" 2>/dev/null &
		sampler=$!
	fi
	timeout -k 5 "$limit" "$@"
	case $? in
	0) status=passed ;;
	124 | 137) status="stopped after $limit s"; failures=$((failures + 1)) ;;
	*) status=failed; failures=$((failures + 1)) ;;
	esac
	[ -n "$sampler" ] && { kill "$sampler"; wait "$sampler"; } 2>/dev/null
	echo "--- $name: $status ($((SECONDS - begin)) s)"
	note "$name" "$status" $((SECONDS - begin))
}
notes() { printf '%s/checks/%s-%02d' "$raw" "$part" "$steps"; }
note() { # note NAME STATUS SECONDS
	printf '{"part":"%s","name":"%s","status":"%s","seconds":%d,"date":"%s"}\n' \
		"$part" "$1" "$2" "$3" "$(date -u '+%Y-%m-%d %H:%M:%S')" >"$(notes).json"
	steps=$((steps + 1))
}
logged() { # logged FILE COMMAND…: standard output to a file, what else is said to the screen and FILE.log
	local file=$1
	shift
	"$@" >"$file" 2> >(tee "$file.log" >&2)
}
export -f logged

# With PyTorch: torch NAME LIMIT FILE COMMAND…
torch() {
	local name=$1 limit=$2 file=$3
	shift 3
	rm -f "$file"
	if [ "$torch" = yes ]; then
		check "$name" "$limit" bash -c 'logged "$@"' - "$file" "$python" "$@" ${smoke:+--device cpu}
	else
		note "$name" "not run: $torch" 0
	fi
}

# times GROUP OURS THEIRS: a group of kernels, with a limit for each side.
times() {
	./gpulab $smoke cases "$1" >"$raw/$1-cases.json"
	check "$1" "$2" bash -c 'logged "$@"' - "$raw/$1.jsonl" ./gpulab $smoke time "$1"
	torch "$1 in PyTorch" "$3" "$raw/torch_$1.jsonl" torch_time.py "$raw/$1-cases.json"
}

sanitize() { # sanitize TOOL LIMIT PATTERN
	if command -v compute-sanitizer >/dev/null; then
		check "compute-sanitizer $1" "$2" compute-sanitizer --tool "$1" --error-exitcode 1 ./nvidia.test -test.run "$3"
	else
		note "compute-sanitizer $1" 'not run: it is not installed' 0
	fi
}

run() {
	local pattern
	part=$1 steps=0
	rm -f "$raw/checks/$part"-[0-9]*
	case $part in
	correctness)
		check 'devices' 20 ./demo devices
		pattern=.
		[ -z "$smoke" ] || pattern='Memory|Copies|GraphAndEvents|TrainingByGraphs'
		check 'tests on the GPU' 70 bash -c './nvidia.test -test.v -test.run "$1" >"$2" 2>&1; s=$?; grep -E "^(--- (FAIL|SKIP)|panic:|ok|PASS|FAIL)" "$2"; [ $s = 0 ] || tail -40 "$2"; exit $s' - "$pattern" "$raw/tests.txt"
		[ -n "$smoke" ] || check 'what a launch costs' 20 ./nvidia.test -test.run '^$' -test.bench Launch -test.benchtime 0.5s
		[ -n "$smoke" ] || check 'demo train' 30 bash -c 'cd "$1" && "$2/demo" train --device cuda --save - --json --quiet' - "$raw" "$bin"
		;;
	bits)
		pattern='TestBits|Differences'
		[ -z "$smoke" ] || pattern='TestBits/(Memory|ReLU|MatMul)|Differences'
		check 'the same bits as the emulator' 90 bash -c './gpulab.test -test.v -test.run "$1" >"$2" 2>&1; s=$?; grep -E "compared|differ|^(ok|PASS|FAIL|panic)|--- FAIL" "$2"; exit $s' - "$pattern" "$raw/bits.txt"
		;;
	probe) check 'what PTX leaves open' 40 bash -c 'set -o pipefail; "$1" probe "$2" | tee "$2.txt"' - ./gpulab "$raw/probe" ;;
	matmul) times matmul 40 40 ;;
	conv) times conv 30 30 ;;
	memory) times memory 30 30 ;;
	epochs)
		check 'epochs of the tutorials' 50 bash -c 'logged "$@"' - "$raw/epochs.jsonl" ./gpulab $smoke epochs
		torch 'epochs in PyTorch' 100 "$raw/torch_epochs.jsonl" torch_train.py epochs --budget=60
		;;
	to99)
		check 'training to 99 %' 20 bash -c 'logged "$@"' - "$raw/to99.jsonl" ./gpulab $smoke to99
		[ "$torch" = yes ] && [ ! -e "$home/mnist/test.labels" ] && ./gpulab data "$home/mnist"
		torch 'training to 99 % in PyTorch' 60 "$raw/torch_to99.jsonl" torch_train.py to99 --data "$home/mnist" --budget=40
		;;
	sanitizer)
		for tool in memcheck racecheck initcheck synccheck; do
			sanitize "$tool" 15 'TrainingByGraphs|Copies'
		done
		;;
	sanitizer-all) sanitize memcheck 400 'TestDevice$' ;;
	esac
	save
}

# save keeps what there is so far, and makes the report of it.
save() {
	tar -czf "$out/raw.tar.gz" -C "$raw" .
	timeout 20 ./gpulab report "$raw" "$out" >"$home/short.txt" && return
	failures=$((failures + 1))
	echo "the report could not be made; what was measured is in $out/raw.tar.gz" | tee "$home/short.txt"
}

lab() {
	unpack || { echo "lab.tar.xz can't be unpacked: that takes xz, or Python with lzma" >&2; return 1; }
	cd "$bin" || return 1
	[ -n "$fresh" ] && rm -rf "$raw"
	mkdir -p "$raw/checks"
	timeout 60 ./gpulab about >"$raw/about.json" || { echo "there is no GPU to measure" >&2; return 1; }
	torch=$(timeout 60 "$python" -c "import torch; print('yes' if '$smoke' or torch.cuda.is_available() else 'PyTorch finds no GPU')" 2>/dev/null) || torch='PyTorch is not installed, or does not start'
	{
		timeout 10 nvidia-smi --query-gpu=name,driver_version,pstate,clocks.max.sm,clocks.max.mem,power.limit,ecc.mode.current --format=csv
		timeout 10 nvidia-smi --query-compute-apps=pid,used_memory --format=csv
		[ "$torch" = yes ] && timeout 60 "$python" -c 'import torch; print("PyTorch", torch.__version__, "CUDA", torch.version.cuda, "cuDNN", torch.backends.cudnn.version())'
		uname -sr
		date -u
	} >"$raw/machine.txt" 2>/dev/null
	export BAREGRAD_REQUIRE=cuda
	for p in "${parts[@]}"; do run "$p"; done
	printf '\n%d s; the report is %s/report.md\n' "$SECONDS" "$out"
	cat "$home/short.txt"
	[ $failures = 0 ]
}

lab 2>&1 | tee "$out/log.txt"
exit "${PIPESTATUS[0]}"
