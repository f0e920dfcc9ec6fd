#!/usr/bin/env bash
# Runs the GPU lab: tests every operation on the GPU, compares the GPU with the
# emulator, times kernels and training beside PyTorch where that is installed, and
# writes report.json and report.md into a folder of its own. Under 8 minutes.
#
#   ./run.sh [--smoke] [DIR]
#
# It needs an NVIDIA driver; what else it finds (PyTorch, compute-sanitizer) it uses,
# and what it does not find is not measured, and the report says so. With --smoke and
# BAREGRAD_LIBCUDA=emulator it tries itself out, at tiny sizes, on any machine.
set -uo pipefail
cd "$(dirname "$0")"
smoke=
[ "${1:-}" = --smoke ] && { smoke=-smoke; shift; }
out=${1:-results-$(date -u +%Y%m%d-%H%M%S)}
mkdir -p "$out"
python=${PYTHON:-python3}
failures=0

# check NAME LIMIT COMMAND…: runs a step, for LIMIT seconds at most, and notes how it went.
check() {
	local name=$1 limit=$2 begin=$SECONDS status
	shift 2
	echo "=== $name"
	timeout "$limit" "$@"
	case $? in
	0) status=passed ;;
	124) status="failed: stopped after $limit s"; failures=$((failures + 1)) ;;
	*) status=failed; failures=$((failures + 1)) ;;
	esac
	echo "--- $name: $status ($((SECONDS - begin)) s)"
	note "$name" "$status" $((SECONDS - begin))
}
note() { printf '{"name":"%s","status":"%s","seconds":%d}\n' "$1" "$2" "$3" >>"$out/checks.jsonl"; }
logged() { # logged FILE COMMAND…: standard output to a file, what else is said to the screen and FILE.log
	local file=$1
	shift
	"$@" >"$file" 2> >(tee "$file.log" >&2)
}
export -f logged

rm -f "$out"/*.jsonl "$out"/report.*
./gpulab about >"$out/about.json" || { echo "there is no GPU to measure" >&2; exit 1; }
{
	nvidia-smi --query-gpu=name,driver_version,pstate,clocks.sm,clocks.max.sm,clocks.mem,power.limit,temperature.gpu,ecc.mode.current --format=csv
	nvidia-smi --query-compute-apps=pid,used_memory --format=csv
	"$python" -c 'import torch; print("PyTorch", torch.__version__, "CUDA", torch.version.cuda, "cuDNN", torch.backends.cudnn.version())'
	uname -sr
} >"$out/machine.txt" 2>/dev/null
export BAREGRAD_REQUIRE=cuda

# (b) first: the GPU is cool, and nothing else runs.
./gpulab $smoke cases >"$out/cases.json"
check 'times of the kernels' 70 bash -c 'logged "$1/time.jsonl" ./gpulab $2 time' - "$out" "$smoke"
if "$python" -c 'import torch' 2>/dev/null; then
	check 'times of PyTorch kernels' 60 bash -c 'logged "$1/torch_time.jsonl" "$3" torch_time.py "$1/cases.json" ${2:+--smoke}' - "$out" "$smoke" "$python"
else
	note 'times of PyTorch kernels' 'not run: PyTorch is not installed' 0
fi

# (c) training
check 'epochs of the tutorials' 45 bash -c 'logged "$1/train.jsonl" ./gpulab $2 epochs' - "$out" "$smoke"
check 'training to 99 %' 20 bash -c 'logged "$1/to99.jsonl" ./gpulab $2 to99 && cat "$1/to99.jsonl" >>"$1/train.jsonl"' - "$out" "$smoke"
if "$python" -c 'import torch' 2>/dev/null; then
	check 'epochs in PyTorch' 90 bash -c 'logged "$1/torch_train.jsonl" "$3" torch_train.py ${2:+--smoke} --budget=50' - "$out" "$smoke" "$python"
else
	note 'epochs in PyTorch' 'not run: PyTorch is not installed' 0
fi

# (a) every operation
pattern=.
[ -z "$smoke" ] || pattern='Memory|Copies|GraphAndEvents|TrainingByGraphs'
check 'tests on the GPU' 45 ./nvidia.test -test.run "$pattern"
pattern='TestBits|Differences'
[ -z "$smoke" ] || pattern='TestBits/(Memory|ReLU|MatMul)|Differences'
check 'the same bits as the emulator' 80 bash -c './gpulab.test -test.v -test.run "$1" | tee "$2/bits.txt" | grep -E "compared|differ|^(ok|PASS|FAIL)|--- FAIL"; exit ${PIPESTATUS[0]}' - "$pattern" "$out"
check 'what PTX leaves open' 15 ./gpulab $smoke probe "$out/probe"

# (d) NVIDIA's checker
if command -v compute-sanitizer >/dev/null; then
	for tool in memcheck racecheck initcheck synccheck; do
		check "compute-sanitizer $tool" 12 compute-sanitizer --tool "$tool" --error-exitcode 1 ./nvidia.test -test.run 'TrainingByGraphs|Copies'
	done
else
	note 'compute-sanitizer' 'not run: it is not installed' 0
fi

./gpulab report "$out" || exit 1
echo "$SECONDS s; the report is $out/report.md"
[ $failures = 0 ]
