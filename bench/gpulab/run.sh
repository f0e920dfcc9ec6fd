#!/usr/bin/env bash
# Runs the GPU lab: tests every operation on the GPU, times training and kernels next to
# PyTorch if that is installed, compares the GPU with the emulator, and writes a report.
# It builds nothing. The whole run takes under 8 minutes.
#
#   ./run.sh [--smoke] [--budget SECONDS] [--fresh] [PART...]
#
# Without a PART, these run, in this order: the most valuable ones first.
#   correctness  every operation's test, training by graphs, errors, memory
#   epochs       an epoch of each tutorial, next to PyTorch
#   to99         training to 99 % on MNIST, next to PyTorch
#   matmul, conv, memory   times of kernels, next to cuBLAS and cuDNN
#   bits         every operation on GPU and emulator, bit for bit
#   probe        what PTX leaves open: asks the hardware, writes test data
#   sanitizer    compute-sanitizer over training steps
# By name only:
#   sanitizer-all  memcheck over every operation's test: takes minutes
#   ncu            where the time of the kernels goes, by Nsight Compute: takes minutes
#   report         makes the report again
#
# The budget (460 seconds by default) holds for the whole run. Each step has a minimum and
# a maximum: it may use its maximum, but must leave the later steps their minimum, as far
# as the budget allows. What a step measured before it was stopped is kept. What was not
# begun is in the report as "not measured: out of time". After each step report.md,
# report.json, log.txt and raw.tar.gz (everything that was written) are in $OUT, or in a
# new folder here if OUT is not set. They are there even if the GPU can't be used at all.
# Parts run by name add to what was measured before on this machine. --fresh, no name,
# another GPU or another lab starts over.
#
# The programs are unpacked into TMPDIR, or into another folder if they can't be started
# there or there is no room. What can't be written to $OUT is kept there too.
#
# It needs an NVIDIA driver. It uses PyTorch, compute-sanitizer and ncu if it finds them;
# the report says what was missing and so not measured. With --smoke and
# BAREGRAD_LIBCUDA=emulator it tries itself out on any machine, at tiny sizes.
set -uo pipefail
begin=$(date +%s)
now() { echo $(($(date +%s) - begin)); }
here=$(CDPATH='' cd "$(dirname "$0")" && pwd)
smoke='' budget='' fresh='' parts=()
every=(correctness epochs to99 matmul conv memory bits probe sanitizer) by_name=(sanitizer-all ncu report)
while [ $# -gt 0 ]; do
	case $1 in
	--smoke) smoke=-smoke ;;
	--budget) budget=${2:-} && shift ;;
	--fresh) fresh=1 ;;
	*)
		[[ " ${every[*]} ${by_name[*]} " = *" $1 "* ]] || { echo "$0: there is no part called $1; the head of this file lists them" >&2; exit 2; }
		parts+=("$1")
		;;
	esac
	shift
done
[ -z "$budget" ] && budget=460 && [ -n "$smoke" ] && budget=3000 # the emulator is slow
case $budget in
*[!0-9]*) echo "$0: the budget is $budget, must be a number of seconds" >&2; exit 2 ;;
esac
[ ${#parts[@]} -eq 0 ] && fresh=1 && parts=("${every[@]}")

# usable DIR: whether programs can be written to this folder and started there.
usable() {
	local try=$1/try.$$ status
	mkdir -p "$1" 2>/dev/null && printf '#!/bin/sh\n' 2>/dev/null >"$try" && chmod +x "$try" && "$try" 2>/dev/null
	status=$?
	rm -f "$try" 2>/dev/null
	return $status
}
room() { # room DIR: whether 500 MB are free; assumed if df is missing or prints nothing
	local kilobytes
	kilobytes=$(df -Pk "$1" 2>/dev/null | awk 'NR == 2 { print $4 }')
	case $kilobytes in '' | *[!0-9]*) return 0 ;; esac
	[ "$kilobytes" -ge 500000 ]
}
home='' name=baregrad-gpu-lab-$(id -u)
for enough in room true; do
	for folder in "${TMPDIR:-/tmp}" /tmp /var/tmp /dev/shm "${HOME:-/tmp}" "$PWD" "$here"; do
		[ -z "$home" ] && usable "$folder/$name" && "$enough" "$folder/$name" && home=$folder/$name
	done
done
[ -n "$home" ] || { echo "$0: no folder was found in which programs can be written and started: TMPDIR can name one" >&2; exit 1; }
bin=$home/bin raw=$home/raw
python=${PYTHON:-python3}
failures=0
apart=(env BAREGRAD_LIBCUDA=emulator) # for programs that need no driver, so that a hanging driver can't stop them

results=results-$(date -u +%Y%m%d-%H%M%S)
out=${OUT:-$results}
if ! { mkdir -p "$out" && out=$(CDPATH='' cd "$out" && pwd) && : >>"$out/log.txt"; } 2>/dev/null; then
	echo "$0: nothing can be written to $out: the results will be in $home/$results" >&2
	out=$home/$results
	mkdir -p "$out" || exit 1
fi
[ -z "$fresh" ] || : >"$out/log.txt"
touch "$home/began"

# unpack puts the programs into $bin, unless they are there already. It removes the
# measurements of other programs.
unpack() {
	local sum
	sum=$(cksum <"$here/lab.tar.xz") || return
	[ "$(cat "$bin/sum" 2>/dev/null)" = "$sum" ] && return
	rm -rf "$bin" "$raw" "$home/data" && mkdir -p "$bin" || return
	if command -v xz >/dev/null; then
		xz -dc "$here/lab.tar.xz" | tar -x -C "$bin"
	else
		"$python" -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), sys.stdout.buffer)' "$here/lab.tar.xz" | tar -x -C "$bin"
	fi || return
	echo "$sum" >"$bin/sum"
}

# bounded SECONDS COMMAND...: runs a command for at most that long, and 2 seconds more if it
# has to be killed. A process that survives even that (one waiting for a driver can) is left
# behind.
bounded() {
	local status
	{
		read -r -t $(($1 + 4)) status < <(
			timeout -k 2 "$@" >&4 &
			echo $! >"$home/running"
			wait $!
			echo $?
		) || status=137
	} 4>&1
	return "$status"
}

# check NAME LEAST MOST COMMAND...: runs a step of the part, and records how it went and the
# GPU's clocks meanwhile. The step may take MOST seconds, or less if the budget would not
# leave each later step its LEAST. It gets at least its own LEAST while that much time is
# left, because the first steps are the most valuable. LIMIT tells the command its limit.
# While planning, check only adds up the minimum that all steps need together.
part='' steps=0 planning='' reserved=0
closing=12 # seconds at the end, for killing the last step and for the last report
check() {
	local name=$1 least=$2 most=$3 start left limit status sampler='' file
	shift 3
	[ -n "$planning" ] && reserved=$((reserved + least + 2)) && return # 2: killing it may take that long
	reserved=$((reserved - least - 2))
	[ -n "$smoke" ] && most=$((10 * most))
	start=$(now)
	left=$((budget - closing - start))
	limit=$((left - reserved))
	[ "$limit" -lt "$least" ] && limit=$least
	[ "$limit" -gt "$most" ] && limit=$most
	[ "$limit" -gt "$left" ] && limit=$left
	if [ "$limit" -lt 3 ]; then
		note "$name" 'not measured: out of time' 0
		return
	fi
	printf '\n=== %s: %s (%d s at most)\n' "$part" "$name" "$limit"
	file=$(notes)
	if command -v nvidia-smi >/dev/null; then
		timeout "$limit" nvidia-smi --query-gpu=clocks.sm,clocks.mem,power.draw,temperature.gpu --format=csv,noheader,nounits -l 1 >"$file.clocks" 2>/dev/null &
		sampler=$!
		disown "$sampler"
	fi
	LIMIT=$limit bounded "$limit" "$@"
	case $? in
	0) status=passed ;;
	124 | 137)
		status="stopped after $limit s"
		[ "$limit" -lt "$most" ] && status="$status: out of time"
		failures=$((failures + 1))
		;;
	*) status=failed; failures=$((failures + 1)) ;;
	esac
	[ -n "$sampler" ] && kill "$sampler" 2>/dev/null
	echo "--- $name: $status ($(($(now) - start)) s)"
	note "$name" "$status" $(($(now) - start))
}
notes() { printf '%s/checks/%s-%02d' "$raw" "$part" "$steps"; }
note() { # note NAME STATUS SECONDS: records the result of a step and updates the report
	[ -n "$planning" ] && return
	printf '{"part":"%s","name":"%s","status":"%s","seconds":%d,"date":"%s"}\n' \
		"$part" "$1" "$(printf %s "$2" | tr -d '"\\\000-\037')" "$3" "$(date -u '+%Y-%m-%d %H:%M:%S')" >"$(notes).json"
	steps=$((steps + 1))
	case $2 in not*) ;; *) save ;; esac
}
logged() { # logged FILE COMMAND...: standard output goes to FILE, standard error to the screen and FILE.log
	local file=$1
	shift
	"$@" >"$file" 2> >(tee "$file.log" >&2)
}
export -f logged

# settle waits for torch_start.py, with a limit, and sets torch to what it found.
settle() {
	local i
	[ -z "$warming" ] && return
	for ((i = 0; i < 500; i++)); do # 100 seconds: if it waits for a driver it may never end
		kill -0 "$warming" 2>/dev/null || break
		sleep 0.2
	done
	kill -KILL "$warming" 2>/dev/null
	warming=''
	torch=$(sed -n 's/^baregrad lab: //p' "$home/torch.txt")
	[ -n "$torch" ] || torch='PyTorch does not start'
	grep -v '^baregrad lab: ' "$home/torch.txt" >>"$raw/machine.txt"
	[ "$torch" = yes ] || tail -n 3 "$raw/torch_start.log" >>"$raw/machine.txt"
}

# torch NAME LEAST MOST FILE COMMAND...: a step that needs PyTorch. In the arguments @SHARE@
# becomes seven tenths of the step's limit: after that time the script begins nothing new.
torch() {
	local name=$1 least=$2 most=$3 file=$4
	shift 4
	[ -n "$planning" ] || { settle && rm -f "$file"; }
	if [ "$torch" = yes ]; then
		check "$name" "$least" "$most" bash -c 'logged "${@/@SHARE@/$((7 * LIMIT / 10))}"' - "$file" "$python" "$@" ${smoke:+--device cpu}
	else
		note "$name" "not run: $torch" 0
	fi
}

# times GROUP LEAST MOST LEAST MOST: times a group of kernels, then the same in PyTorch.
times() {
	check "$1" "$2" "$3" bash -c 'logged "$@"' - "$raw/$1.jsonl" ./gpulab $smoke watch time "$1"
	torch "$1 in PyTorch" "$4" "$5" "$raw/torch_$1.jsonl" torch_time.py "$raw/$1-cases.json"
}

# with PROGRAM NAME LEAST MOST COMMAND...: a step that needs a program.
with() {
	command -v "$1" >/dev/null && { check "${@:2}"; return; }
	note "$2" 'not run: it is not installed' 0
}

# run PART: runs its steps or, while planning, adds up their minimum.
run() {
	local pattern tool sanitizer=(compute-sanitizer --error-exitcode 1 --tool)
	part=$1 steps=0
	[ -n "$planning" ] || rm -f "$raw/checks/$part"-[0-9]*
	case $part in
	correctness)
		check 'devices' 5 20 ./demo devices
		pattern=.
		[ -z "$smoke" ] || pattern='OutOfMemory|Memory$|TestCopies|GraphAndEvents|TrainingByGraphs' # others want the sources
		check 'tests on the GPU' 60 150 ./gpulab $smoke tests "$raw/tests.txt" ./nvidia.test "$pattern"
		check 'every rung and form' 10 40 bash -c 'set -o pipefail; "${@:2}" | tee "$1"' - "$raw/forms.txt" ./gpulab $smoke watch forms
		[ -n "$planning" ] || settle # from here on, times are measured
		[ -n "$smoke" ] || check 'what a launch costs' 5 20 ./nvidia.test -test.run '^$' -test.bench Launch -test.benchtime 0.5s
		[ -n "$smoke" ] || check 'demo train, to 98 %' 15 40 bash -c '
			set -o pipefail
			cd "$1" && "$2/demo" train --device cuda --save - --json --quiet | tee demo.json && grep -q "\"test_accuracy\":\(0\.9[89]\|1[,}]\)" demo.json' - "$raw" "$bin"
		;;
	epochs)
		check 'epochs of the tutorials' 25 60 bash -c 'logged "$@"' - "$raw/epochs.jsonl" ./gpulab $smoke watch epochs
		torch 'epochs in PyTorch' 50 170 "$raw/torch_epochs.jsonl" torch_train.py epochs --data "$home/data" --budget=@SHARE@
		;;
	to99)
		check 'training to 99 %' 10 30 bash -c 'logged "$@"' - "$raw/to99.jsonl" ./gpulab $smoke to99
		torch 'training to 99 % in PyTorch' 25 60 "$raw/torch_to99.jsonl" torch_train.py to99 --data "$home/data" --budget=@SHARE@
		;;
	matmul) times matmul 25 60 15 40 ;;
	conv) times conv 15 40 15 40 ;;
	memory) times memory 25 40 15 30 ;;
	bits)
		pattern='TestBits|Differences'
		[ -z "$smoke" ] || pattern='TestBits/(Memory|ReLU|MatMul)|Differences'
		check 'the same bits as the emulator' 20 120 bash -c './gpulab $3 tests "$2" ./gpulab.test "$1"; s=$?; grep compared "$2"; exit $s' - "$pattern" "$raw/bits.txt" "$smoke"
		;;
	probe) check 'what PTX leaves open' 10 40 bash -c 'set -o pipefail; "${@:2}" "$1" | tee "$1.txt"' - "$raw/probe" ./gpulab $smoke watch probe ;;
	sanitizer)
		for tool in memcheck racecheck initcheck synccheck; do
			with compute-sanitizer "compute-sanitizer $tool" 8 30 "${sanitizer[@]}" "$tool" ./nvidia.test -test.run 'TrainingByGraphs|TestCopies'
		done
		;;
	sanitizer-all) with compute-sanitizer 'compute-sanitizer memcheck' 10 420 "${sanitizer[@]}" memcheck ./nvidia.test -test.run 'TestDevice$' ;;
	ncu) with ncu 'Nsight Compute' 20 420 bash -c 'logged "$@"' - "$raw/profile.jsonl" ./gpulab $smoke profile "$raw/ncu" ;;
	esac
}

# save archives the results so far, and makes the report.
save() {
	timeout -k 1 5 tar -czf "$out/raw.tar.gz.part" -C "$raw" . && mv "$out/raw.tar.gz.part" "$out/raw.tar.gz"
	timeout -k 1 5 "${apart[@]}" ./gpulab report "$raw" "$out" >"$home/short.txt" && return
	failures=$((failures + 1))
	echo "the report could not be made; what was measured is in $out/raw.tar.gz and $raw" | tee "$home/short.txt"
}

# unusable says why no GPU can be used. If nothing was measured before, the report is about
# that, with what may show the reason.
unusable() {
	cat "$home/about.log"
	echo "there is no GPU to measure"
	[ -e "$raw/about.json" ] && save && return
	part=correctness
	cp "$home/about.log" "$raw/unusable.txt"
	{
		bounded 10 nvidia-smi
		ls -l /dev/nvidia* /dev/dxg
		cat /proc/driver/nvidia/version
		ldconfig -p | grep -e libcuda -e nvidia-ptxjit
		env | grep -e ^CUDA_ -e ^NVIDIA_ -e ^LD_LIBRARY_PATH -e ^BAREGRAD_
	} >"$raw/machine.txt" 2>&1
	note 'the GPU' 'failed' "$(now)"
}

lab() {
	local p group patience
	# Containers and toolkits keep their programs and libraries there.
	PATH=$PATH$(printf :%s /usr/local/nvidia/bin /usr/local/cuda/bin /opt/nvidia/nsight-compute/*)
	export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}/usr/local/nvidia/lib64
	unpack || { echo "lab.tar.xz can't be unpacked to $bin: that takes xz, or Python with lzma, and 100 MB" >&2; return 1; }
	cd "$bin" || return 1
	[ -n "$fresh" ] && rm -rf "$raw"
	mkdir -p "$raw/checks"
	patience=$((budget < 120 ? budget / 2 : 60))
	bounded "$patience" ./gpulab $smoke about >"$home/about.json" 2>"$home/about.log"
	case $? in
	0) ;;
	124 | 137) echo "the driver did not answer within $patience s" >>"$home/about.log" ;;
	*) : >"$home/about.json" ;;
	esac
	if [ ! -s "$home/about.json" ]; then
		unusable >&2
		return 1
	fi
	if ! cmp -s "$home/about.json" "$raw/about.json"; then
		[ ! -e "$raw/about.json" ] || echo "the measurements before were another GPU's, or one of the two is a trial: they are not added to"
		rm -rf "$raw" && mkdir -p "$raw/checks"
		cp "$home/about.json" "$raw"
	fi
	torch='PyTorch is not installed' warming=''
	case " ${parts[*]} " in *' epochs '* | *' to99 '* | *' matmul '* | *' conv '* | *' memory '*)
		if "$python" -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("torch") is None)' 2>/dev/null; then
			torch=yes # until settle knows more
			# While our own tests run: reading PyTorch's gigabytes of libraries takes a freshly
			# started machine a minute.
			"$python" torch_start.py ${smoke:+yes} >"$home/torch.txt" 2>"$raw/torch_start.log" 3>&- &
			warming=$!
		fi
		;;
	esac
	{
		bounded 10 nvidia-smi --query-gpu=name,driver_version,pstate,clocks.max.sm,clocks.max.mem,power.limit,ecc.mode.current --format=csv
		bounded 10 nvidia-smi --query-compute-apps=pid,used_memory --format=csv
		uname -sr
		date -u
	} >"$raw/machine.txt" 2>/dev/null
	for group in matmul conv memory; do # what to measure, for PyTorch and for the report
		timeout 5 "${apart[@]}" ./gpulab $smoke cases "$group" >"$raw/$group-cases.json"
	done
	if [ "$torch" = yes ] && [ ! -e "$home/data/test.labels" ]; then
		rm -rf "$home/data.part"
		timeout 20 "${apart[@]}" ./gpulab data "$home/data.part" && mv "$home/data.part" "$home/data"
	fi
	export BAREGRAD_REQUIRE=cuda
	# The driver's cache of compiled kernels: here even if there is no home folder to write to,
	# and large enough for PyTorch's kernels too. Otherwise each program compiles all kernels
	# again.
	export CUDA_CACHE_PATH=${CUDA_CACHE_PATH:-$home/compiled} CUDA_CACHE_MAXSIZE=${CUDA_CACHE_MAXSIZE:-1073741824}
	planning=1
	for p in "${parts[@]}"; do run "$p"; done
	planning=''
	printf '%d s of %d are over, and all steps need %d at least\n' "$(now)" "$budget" "$reserved"
	for p in "${parts[@]}"; do run "$p"; done
	[ -z "$warming" ] || kill "$warming" 2>/dev/null
	save
	[ $failures = 0 ]
}

# The lab runs in a process group of its own, so that all of it can be killed when the budget
# is used up. A signal that comes while it starts stops it too.
why='' # it is stopped
trap 'why="this was interrupted"' INT TERM HUP
: >"$home/running" >"$home/short.txt"
exec 3> >(exec tee -a "$out/log.txt")
tee=$!
set -m
lab >&3 2>&1 3>&- &
lab=$!
set +m
while kill -0 "$lab" 2>/dev/null; do
	[ -z "$why" ] && [ "$(now)" -ge "$budget" ] && why="the budget of $budget s is used up"
	if [ -n "$why" ]; then
		echo "$why: the lab is stopped" >&3
		kill -KILL -- "-$lab" "-$(cat "$home/running")" 2>/dev/null
		break
	fi
	sleep 0.2
done
wait "$lab" 2>/dev/null
status=$?
if [ -n "$why" ] && [ -d "$raw" ] && cd "$bin"; then # to include what the last step had measured
	save
fi >&3 2>&1
[ -n "$why" ] && [ "$status" = 0 ] && status=1
where="the report is $out/report.md"
[ "$out/report.md" -nt "$home/began" ] || where="there is no report: $out/log.txt says why"
{ cat "$home/short.txt" && printf '\n%d s; %s\n' "$(now)" "$where"; } >&3
exec 3>&-
for ((i = 0; i < 30; i++)); do # 3 seconds: processes left behind may keep tee waiting
	kill -0 "$tee" 2>/dev/null || break
	sleep 0.1
done
kill "$tee" 2>/dev/null
exit "$status"
