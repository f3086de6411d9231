"""All checks, one list of what is wrong."""

from collections.abc import Callable
from dataclasses import dataclass, field

from .evidence import Evidence, wait_until_quiet
from .money import check_money
from .pages import check_pages
from .people import check_mails, check_notice
from .promises import check_promises
from .publicity import check_secrets, check_topics
from .rows import check_rows
from .wrong import Wrong

SHOWN = 15


class Guilty(AssertionError):
    """Invariants were broken; wrong: each of them (wrong.Wrong)."""

    def __init__(self, wrong, log_dir=None):
        more = f"\n... and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        logs = f"\nlogs: {log_dir}" if log_dir else ""
        super().__init__("\n".join(wrong[:SHOWN]) + more + logs)
        self.wrong = wrong


@dataclass
class Expect:
    """What the story of a test makes legal.

    broker        "kept", "wiped" (its records were lost) or "off" (never there)
    attention     payment intents that had to end with a person
    failed_mails  ids of mail rows that had to fail
    dead_letters  how many; None: any
    forged        the test wrote records of its own into the topics
    kills         processes that died or stood still: their unknown outcomes are real
    meanwhile     called again and again until nothing is open: time passes
    """

    broker: str = "kept"
    attention: set = field(default_factory=set)
    failed_mails: set = field(default_factory=set)
    dead_letters: int | None = 0
    forged: bool = False
    kills: int = 0
    quiet_s: float = 30.0
    meanwhile: Callable | None = None


def judge(stack, client=None, expect=None):
    """Wait until nothing is open, then check everything. The services may still run."""
    expect = expect or Expect()
    without = {"outbox"} if expect.broker == "off" else set()
    wrong = wait_until_quiet(stack, expect.quiet_s, without, expect.meanwhile)
    e = Evidence(stack, client, expect.broker)
    wrong += safety_of(e, expect)
    for check in (check_promises, check_pages, check_topics):
        wrong += check(e, expect)
    wrong += [Wrong(f"I10: {problem}") for problem in stack.problems()]
    if wrong:
        raise Guilty(wrong, stack.log_dir)
    return e


def safety_of(e, expect):
    """What must hold at any moment, quiet or not (check_money wants quiet)."""
    checks = (check_money, check_mails, check_notice, check_rows, check_secrets)
    return [complaint for check in checks for complaint in check(e, expect)]


def safety(stack):
    """The part that needs neither quiet nor a client: for the end of any test whatever."""
    e = Evidence(stack, None, "off")
    wrong = [c for check in (check_notice, check_rows) for c in check(e, Expect(dead_letters=None))]
    if wrong:
        raise Guilty(wrong)
