#!/bin/bash
# run_each.sh <directory> <wrapper words or ""> [argument...]: run every program of a directory.
# UNBOOK_ONLY names some, UNBOOK_BUT some that are left out. Exits 1 when any of them failed or there is none.
# Criterion 2.4.1 itself stands still now and then on a busy machine, before its first test (once in some hundred runs): a program that
# ran out of time (most take seconds) is run once more with twice the time, and says so. A test that hangs hangs twice.
set -uo pipefail
directory=$1 wrapper=$2
shift 2
rc=0 any=0 limit=60
for binary in "$directory"/*; do
	name=$(basename "$binary")
	[ -x "$binary" ] && [[ " ${UNBOOK_BUT:-} " != *" $name "* ]] || continue
	[ -z "${UNBOOK_ONLY:-}" ] || [[ " $UNBOOK_ONLY " == *" $name "* ]] || continue
	any=1
	echo "# $binary"
	# shellcheck disable=SC2086
	timeout $limit $wrapper "$binary" "$@"
	code=$?
	if [ $code = 124 ]; then
		echo "# no end in $limit s, once more: $binary"
		# shellcheck disable=SC2086
		timeout $((2 * limit)) $wrapper "$binary" "$@"
		code=$?
	fi
	if [ $code != 0 ]; then
		rc=1
		[ $code = 1 ] || echo "not ok - $binary ended with $code"
	fi
done
[ $any = 1 ] || { echo "nothing in $directory" && exit 1; }
exit $rc
