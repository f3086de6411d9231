#!/bin/bash
# coverage.sh: branch coverage of the rules (common/domain) by the unit tests; at least 95 %.
set -uo pipefail
cd "$(dirname "$0")/.."
build=build/coverage
find $build -name '*.gcda' -delete
bash tools/run_each.sh $build/bin/tests/unit "" --tap --quiet >build/coverage-tests.log 2>&1 || {
	tail -30 build/coverage-tests.log
	echo "unit_tests FAILED"
	exit 1
}
common=(--root . --object-directory $build --gcov-ignore-parse-errors --exclude-unreachable-branches)
lines() { gcovr "${common[@]}" --filter "$1" --print-summary 2>/dev/null | grep -E '^(lines|branches):'; }

for room in common/core common/domain common/wire; do
	echo "coverage: $room $(lines "$room/" | tr '\n' ' ')"
done
branches=$(lines common/domain/ | sed -n 's/^branches: \([0-9.]*\)%.*/\1/p')
if [ -n "$branches" ] && awk "BEGIN { exit !($branches >= 95) }"; then
	echo "domain_branches ok"
else
	gcovr "${common[@]}" --filter common/domain/ --branches 2>/dev/null
	echo "domain_branches FAILED: ${branches:-none} %, at least 95"
	exit 1
fi
