"""./dev bench [row...]: the budgets of the design, each as a ratio against a floor or a peer of the same run."""

import argparse
import sys

import cancel
import idle
import latency

ROWS = {"cancel": cancel.measure, "latency": latency.measure, "idle": idle.measure}


def show(line):
    print(
        f"{line.what:<52} {line.value:>12}   budget {line.budget:<14} {'met' if line.met else 'MISSED'}",
        flush=True,
    )
    for note in line.notes:
        print(f"    {note}", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="row", help=f"any of: {', '.join(ROWS)} (default: all)")
    parser.add_argument("--seconds", type=int, default=10, help="length of each measurement")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a budget is missed")
    options = parser.parse_args()
    unknown = set(options.rows) - ROWS.keys()
    if unknown:
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    lines = []
    for name in options.rows or ROWS:
        if sys.stderr.isatty():
            print(f"measuring {name} ...", file=sys.stderr)
        for line in ROWS[name](options.seconds):
            show(line)
            lines.append(line)
    return 1 if options.strict and not all(line.met for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
