"""./dev bench [row...]: the budgets of the design, each as a ratio against a floor or a peer of the same run."""

import argparse
import functools
import sys

import cancel
import hang
import idle
import latency
import rebalance
import refunds
import relay
import scale

ROWS = {
    "cancel": cancel.measure,
    "latency": latency.measure,
    "relay": relay.measure,
    "refunds": refunds.measure,
    "hang": hang.measure,
    "rebalance": rebalance.measure,
    "idle": idle.measure,
}
LARGE_ROW = "scale"


def show(line):
    print(
        f"{line.what:<52} {line.value:>12}   budget {line.budget:<15} {'met' if line.met else 'MISSED'}",
        flush=True,
    )
    for note in line.notes:
        print(f"    {note}", flush=True)


def parse():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="row",
                        help=f"any of: {', '.join(ROWS)} (default: all), {LARGE_ROW}")
    parser.add_argument("--seconds", type=int, default=10, help="length of each measurement")
    parser.add_argument("--large", action="store_true", help=f"also {LARGE_ROW}, which takes minutes and gigabytes")
    parser.add_argument("--bookings", type=int, default=scale.LARGE, help=f"how many {LARGE_ROW} fills in (default: {scale.LARGE})")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a budget is missed")
    options = parser.parse_args()
    unknown = set(options.rows) - ROWS.keys() - {LARGE_ROW}
    if unknown:
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    if options.seconds < 2:
        parser.error("--seconds: 2 at least")
    if options.bookings <= scale.SMALL:
        parser.error(f"--bookings: more than {scale.SMALL}")
    return options


def main():
    options = parse()
    rows = {**ROWS, LARGE_ROW: functools.partial(scale.measure, bookings=options.bookings)}
    names = options.rows or list(ROWS)
    if options.large and LARGE_ROW not in names:
        names.append(LARGE_ROW)
    lines = []
    for name in names:
        if sys.stderr.isatty():
            print(f"measuring {name} ...", file=sys.stderr)
        for line in rows[name](options.seconds):
            show(line)
            lines.append(line)
    return 1 if options.strict and not all(line.met for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
