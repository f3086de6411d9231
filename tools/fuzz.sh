#!/bin/bash
# fuzz.sh <directory of fuzz targets>: replay each target's corpus and its named crashes.
set -uo pipefail
rc=0
for target in "$1"/*; do
	[ -x "$target" ] || continue
	name=$(basename "$target")
	if timeout 60 "$target" "tests/fuzz/corpus/$name"; then
		echo "$name ok"
	else
		echo "$name FAILED"
		rc=1
	fi
done
exit $rc
