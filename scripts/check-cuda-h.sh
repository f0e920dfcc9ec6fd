#!/usr/bin/env bash
# Compares kernels/cuda/libcuda/include/cuda.h with NVIDIA's: every value, size, offset,
# prototype and macro of ours must be in NVIDIA's, and be the same.
#
#   scripts/check-cuda-h.sh DIR/cuda.h
#
# NVIDIA's file is in every CUDA toolkit and in the Python packages
# nvidia-cuda-runtime-cu12 and nvidia-cuda-runtime. Ours follows CUDA 12.6. In CUDA 13 some
# plain names mean later versions of their functions. The driver still has those that we
# call, so their prototypes are compared all the same.
set -euo pipefail
CDPATH='' cd "$(dirname "$0")/.."
[ $# = 1 ] && [ -f "$1" ] || { echo "usage: $0 PATH-OF-NVIDIA'S/cuda.h" >&2; exit 2; }
theirs=$1
ours=kernels/cuda/libcuda/include/cuda.h
cc=${CC:-cc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Names in our header: enumerators and macros that are numbers; structs with their members;
# functions with their prototypes; macros that rename functions.
awk '/^enum /{inside=1; next} /^}/{inside=0} inside && match($0, /CU[A-Z0-9_]+/){print substr($0, RSTART, RLENGTH)}' "$ours" >"$work/values"
awk '/^#define CU[A-Z0-9_]+ +[0-9(]/{print $2}' "$ours" | sed 's/(.*//' >>"$work/values"
awk '/^typedef struct .*\{$/{inside=1; n=0; next}
     inside && /^}/{name=$2; sub(/;/, "", name); print name; for (i=0; i<n; i++) print name, member[i]; inside=0; next}
     inside && /;/{sub(/;.*/, ""); sub(/\[.*/, ""); sub(/.*[ *]/, ""); member[n++]=$0}' "$ours" >"$work/members"
sed -n 's/^\(CUresult cu[A-Za-z0-9_]*(.*);\).*$/\1/p' "$ours" >"$work/prototypes"
sed -n 's/^#define \(cu[A-Za-z0-9]*\) \(cu[A-Za-z0-9_]*\)$/\1 \2/p' "$ours" >"$work/renames"
sed -i '/^CUDA_VERSION$/d' "$work/values" # the version that ours follows
version=$(awk '$2 == "CUDA_VERSION" {print $3; exit}' "$theirs")
parts=(values prototypes)
[ "$version" -ge 13000 ] || parts+=(renames)
for list in values members prototypes renames; do
	[ -s "$work/$list" ] || { echo "no $list were found in $ours: has its form changed?" >&2; exit 1; }
done

{
	echo '#include "cuda.h"'
	echo '#include <stddef.h>'
	echo '#include <stdio.h>'
	echo 'int main(void) {'
	awk '{printf "    printf(\"%s = %%lld\\n\", (long long)%s);\n", $1, $1}' "$work/values"
	awk 'NF==1{printf "    printf(\"sizeof %s = %%zu, aligned to %%zu\\n\", sizeof(%s), _Alignof(%s));\n", $1, $1, $1}
	     NF==2{printf "    printf(\"%s.%s at %%zu, sizeof %%zu\\n\", offsetof(%s, %s), sizeof(((%s *)0)->%s));\n", $1, $2, $1, $2, $1, $2}' "$work/members"
	echo '    return 0; }'
} >"$work/values.c"
{ # each name alone, to check that it is declared; then our prototype, to check that it is the same
	echo '#define __CUDA_API_VERSION_INTERNAL' # asks NVIDIA's for every version, under its own name
	echo '#include "cuda.h"'
	echo 'void *names[] = {'
	sed 's/^CUresult \(cu[A-Za-z0-9_]*\)(.*/    (void *)\1,/' "$work/prototypes"
	echo '};'
	cat "$work/prototypes"
} >"$work/prototypes.c"
{ # what each renamed function expands to
	echo '#include "cuda.h"'
	echo '#define TEXT(x) #x'
	awk '{printf "_Static_assert(__builtin_strcmp(TEXT2(%s), \"%s\") == 0, \"%s is not %s\");\n", $1, $2, $1, $2}' "$work/renames" |
		sed '1i #define TEXT2(x) TEXT(x)'
} >"$work/renames.c"

mkdir "$work/theirs"
cp "$theirs" "$work/theirs/cuda.h"
failed=0
for which in ours theirs; do
	dir=$work/theirs
	[ $which = theirs ] || dir=$(dirname "$ours")
	for part in "${parts[@]}"; do
		"$cc" -std=c11 -w -I"$dir" -c "$work/$part.c" -o "$work/$which.$part.o" || { echo "$part: $which does not compile" >&2; failed=1; }
	done
	if [ -f "$work/$which.values.o" ]; then
		"$cc" "$work/$which.values.o" -o "$work/$which.program"
		"$work/$which.program" >"$work/$which.txt"
	fi
done
[ $failed = 0 ] && diff "$work/ours.txt" "$work/theirs.txt" || failed=1
[ $failed = 0 ] || { echo "$ours is not what $theirs says" >&2; exit 1; }
echo "alike: $(wc -l <"$work/values") values, $(grep -c . "$work/members") structs and members, $(wc -l <"$work/prototypes") prototypes (compared: ${parts[*]}; CUDA_VERSION $version)"
