"""python -m stack up [--kafka] | down: the system in the background, run/env for whoever wants to use it."""

import argparse
import os
import sys

from . import daemon


def main():
    parser = argparse.ArgumentParser(prog="./dev")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up")
    up.add_argument("--kafka", action="store_true", help="a real Apache Kafka")
    up.add_argument("--build", default="release")
    commands.add_parser("down")
    args = parser.parse_args()
    os.umask(0o022)
    if args.command == "down":
        return daemon.down()
    return daemon.up("kafka" if args.kafka else "embedded", args.build)


if __name__ == "__main__":
    sys.exit(main())
