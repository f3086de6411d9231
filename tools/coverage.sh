#!/bin/bash
# coverage.sh: what the unit tests reach. Of the rules (common/domain) at least 95 % of the branches.
set -uo pipefail
cd "$(dirname "$0")/.."
build=build/coverage
all=$build/all.json
find $build -name '*.gcda' -delete
bash tools/run_each.sh $build/bin/tests/unit "" --tap --quiet >build/coverage-tests.log 2>&1 || {
	tail -30 build/coverage-tests.log
	echo "unit_tests FAILED"
	exit 1
}
gcovr --root . --object-directory $build --exclude-unreachable-branches --filter common/ \
	--json $all || exit 1

summary() { gcovr --root . --add-tracefile $all --filter "$1/" --print-summary | grep -E '^(lines|branches):'; }

for room in common/core common/domain common/wire; do
	echo "coverage: $room $(summary $room | tr '\n' ' ')"
done
branches=$(summary common/domain | sed -n 's/^branches: \([0-9.]*\)%.*/\1/p')
if [ -n "$branches" ] && awk "BEGIN { exit !($branches >= 95) }"; then
	echo "domain_branches ok"
else
	gcovr --root . --add-tracefile $all --filter common/domain/ --branches
	echo "domain_branches FAILED: ${branches:-none} %, at least 95"
	exit 1
fi
