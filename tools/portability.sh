#!/bin/bash
# portability.sh: build and unit-test in a bare Debian 13 (build/debian13, made once by debootstrap).
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "not ok - debootstrap needs root" && exit 1; }
root=$PWD/build/debian13
mirror=${UNBOOK_DEBIAN_MIRROR:-http://deb.debian.org/debian}
. tools/deps.sh

packages=$(echo $deps_build libcriterion-dev | tr -s ' \n\t' ',')

if [ "$(cat "$root/.ready" 2>/dev/null)" != "$packages" ]; then
	rm -rf "$root"
	debootstrap --variant=minbase --include="$packages" trixie "$root" "$mirror"
	echo "$packages" >"$root/.ready"
fi

# Its own mount namespace: whatever happens, nothing stays mounted.
rm -rf "$root/unbook"
mkdir "$root/unbook"
git ls-files -z --cached --others --exclude-standard | xargs -0 tar c --ignore-failed-read 2>/dev/null |
	tar x -C "$root/unbook"
unshare --mount bash -euo pipefail -c '
	root=$1
	mount -t proc proc "$root/proc"
	mount -t tmpfs tmpfs "$root/dev/shm" 2>/dev/null || { mkdir -p "$root/dev/shm"; mount -t tmpfs tmpfs "$root/dev/shm"; }
	exec chroot "$root" /usr/bin/env -i PATH=/usr/bin:/bin HOME=/root LC_ALL=C.UTF-8 bash -euo pipefail -c "
		cd /unbook
		cmake --preset debug
		cmake --build build/debug
		exec bash tools/run_each.sh build/debug/bin/tests/unit \"\" --tap --quiet
	"
' portability "$root"
