#!/bin/bash
# run_each.sh <directory> <wrapper words or ""> [argument...]: run every program of a directory.
# UNBOOK_BUT names some that are left out. Exits 1 when any of them failed or there is none.
# Pure functions searched exhaustively, and a million forged tokens, are left out too: unoptimised they take minutes and find the same.
# UNBOOK_SEARCHES=1 runs these and nothing else.
# Criterion 2.4.1 itself stands still now and then on a busy machine, before its first test (once in some hundred runs): a program that
# ran out of time (most take seconds) is run once more with twice the time, and says so. A test that hangs hangs twice.
set -uo pipefail
directory=$1 wrapper=$2
shift 2
rc=0 any=0 limit=60 searches=" search keys_mutated "
for binary in "$directory"/*; do
	name=$(basename "$binary")
	[ -x "$binary" ] && [[ " ${UNBOOK_BUT:-} " != *" $name "* ]] || continue
	[[ $searches == *" $name "* ]] && is_search=1 || is_search=
	[ "$is_search" = "${UNBOOK_SEARCHES:-}" ] || continue
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
