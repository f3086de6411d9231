"""python -m stack.integration <directory with Criterion binaries>

Runs each binary with everything it may need in its environment: a database of its own
(migrated), topics under a prefix of its own, Redis, a Stripe simulator and a mail sink.
Some run beside each other, for most of their time is waiting.
The TAP of each goes to standard output when it has ended; the exit code is 1 when any of them failed.
"""

import concurrent.futures
import os
import pathlib
import subprocess
import sys

from . import logscan
from .infra import Infra
from .stack import STRIPE_KEY, Stack
from .system import ROOT

BINARY_S = 240
AT_ONCE = 4


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
    """Whether it passed, and its output. The plain runner knows no options; Criterion runs its tests one by one."""
    stack = Stack(infra, build=build)
    words = [] if "tsan" in str(build) else ["--tap", "-j1", "--quiet"]
    try:
        stack.start_surroundings()
        done = subprocess.run(
            [*wrapper(build), binary, *words],
            env=environment(stack),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=BINARY_S,
        )
        reports = "\n".join(logscan.sanitizer_reports(stack.log_dir))
        return done.returncode == 0 and not reports, f"{done.stdout.decode('utf-8', 'replace')}\n{reports}"
    except subprocess.TimeoutExpired as late:
        said = (late.stdout or b"").decode("utf-8", "replace")
        return False, f"{said}\nnot ok - {binary.name} did not end in {BINARY_S} s"
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
    good = True
    with Infra(build=build, broker="kafka") as infra, concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for binary, (passed, output) in zip(binaries, pool.map(lambda b: run_binary(infra, build, b), binaries), strict=True):
            print(f"# {binary.name}\n{output}", flush=True)
            good = good and passed
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
