"""python -m stack.integration <directory with Criterion binaries>

Runs each binary in turn with everything it may need in its environment: a database of its own
(migrated), topics under a prefix of its own, Redis, a Stripe simulator and a mail sink.
Their TAP goes to standard output; the exit code is 1 when any of them failed.
"""

import os
import pathlib
import subprocess
import sys

from . import logscan
from .infra import Infra
from .stack import STRIPE_KEY, Stack
from .system import ROOT

BINARY_S = 180


def environment(stack):
    return {
        **os.environ,
        "UNBOOK_TEST_PG_URL": stack.pg.url(stack.database),
        "UNBOOK_TEST_REDIS_URL": stack.redis.url(),
        "UNBOOK_TEST_KAFKA": stack.kafka.bootstrap,
        "UNBOOK_TEST_TOPIC_PREFIX": stack.prefix,
        "UNBOOK_TEST_STRIPE_URL": stack.stripe.url,
        "UNBOOK_TEST_STRIPE_KEY": STRIPE_KEY,
        "UNBOOK_TEST_STRIPE_LEDGER": str(stack.stripe.ledger_path),
        "UNBOOK_TEST_SMTP_URL": stack.mail.smtp_url(),
        "UNBOOK_TEST_MAIL_URL": stack.mail.url,
        "UNBOOK_TEST_JWKS_FILE": str(stack.jwks_file),
        "UNBOOK_TEST_SOURCE_DIR": str(ROOT),
    }


def run_binary(infra, build, binary):
    """Whether it passed. The plain runner knows no options; Criterion runs its tests one by one."""
    stack = Stack(infra, build=build)
    words = [] if "tsan" in str(build) else ["--tap", "-j1", "--quiet"]
    print(f"# {binary.name}", flush=True)
    try:
        stack.start_surroundings()
        done = subprocess.run(
            [*wrapper(build), binary, *words],
            env=environment(stack),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            timeout=BINARY_S,
        )
        reports = logscan.sanitizer_reports(stack.log_dir)
        print("\n".join(reports), flush=True)
        return done.returncode == 0 and not reports
    except subprocess.TimeoutExpired:
        print(f"not ok - {binary.name} did not end in {BINARY_S} s", flush=True)
        return False
    finally:
        stack.stop()
        stack.remove()


def wrapper(build):
    """ThreadSanitizer wants the addresses that it knows."""
    return ["setarch", "-R"] if "tsan" in str(build) else []


def main(directory):
    directory = pathlib.Path(directory).resolve()
    build = directory.parents[2]
    binaries = sorted(p for p in directory.iterdir() if os.access(p, os.X_OK)) if directory.exists() else []
    if not binaries:
        print("# no integration tests were built")
        return 0
    with Infra(build=build, broker="kafka") as infra:
        return 0 if all([run_binary(infra, build, binary) for binary in binaries]) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
