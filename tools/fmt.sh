#!/bin/bash
# Format everything that git knows: C with clang-format; of Python, what ruff mends by itself.
set -euo pipefail
cd "$(dirname "$0")/.."
tool=$(command -v clang-format-14 || command -v clang-format)
git ls-files --cached --others --exclude-standard -- '*.c' '*.h' | xargs -r "$tool" -i
[ ! -x build/venv/bin/ruff ] || build/venv/bin/ruff check --quiet --fix --config tests/ruff.toml tests tools || true
