"""python -m stripe_conformance LEDGER...: were all requests such as Stripe takes? Exit 1 if not."""

from __future__ import annotations

import sys

from .requests import ledger_problems


def main() -> int:
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        print(__doc__)
        return 2
    found = [problem for path in sys.argv[1:] for problem in ledger_problems(path)]
    print("\n".join(found) or "every request is one that Stripe describes")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
