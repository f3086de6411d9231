"""python -m demo [--exit] [--kafka]"""

import argparse
import os
import signal
import sys
import threading

from stack import daemon
from stack.envfile import write_env
from stack.proc import DidNotStart
from stack.wait import TimedOut

from . import show, story
from .browser import NotPaid
from .chapters import StoryFailed

TRUE, UNTRUE, INTERRUPTED = 0, 1, 130


class Interruption:
    """The first signal raises KeyboardInterrupt; what follows is an orderly end, and no second one disturbs it."""

    SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self):
        self.came = False
        for number in self.SIGNALS:
            signal.signal(number, self._interrupt)

    def _interrupt(self, *_):
        self.came = True
        self.ignore_more()
        raise KeyboardInterrupt

    def ignore_more(self):
        for number in self.SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def arguments():
    parser = argparse.ArgumentParser(prog="./dev demo")
    parser.add_argument("--exit", action="store_true", help="end when the story is over")
    parser.add_argument("--kafka", action="store_true", help="a real Apache Kafka")
    parser.add_argument("--build", default="release", help=argparse.SUPPRESS)
    return parser.parse_args()


def links(stack):
    show.heading("Everything stays up; run/env has it all. Ctrl-C ends it.")
    rows = [("API", stack.of("api")[0].url), ("mails", stack.mail and stack.mail.url),
            ("Stripe", stack.stripe and stack.stripe.url), ("PostgreSQL", stack.pg.url(stack.database))]
    rows += [(f"{name} metrics", stack.of(name)[0].admin_url + "/metrics")
             for name in ("api", "refund-worker", "notifier", "reaper")]
    for name, url in rows:
        if url:
            show.say(f"  {name:<22} {url}")
    show.say()
    show.say("  Signed in as")
    for role, person in (("the parent", stack.parent), ("the teacher", stack.teacher), ("an admin", stack.admin)):
        show.say(f"  {role:<22} {stack.login.link(person, stack.of('api')[0].url + '/')}")
    show.say()
    show.say("  . run/env; curl -s -H \"Authorization: Bearer $PARENT_TOKEN\" "
             "$API_URL/api/Sessions/parent/bookings")


def came_true(stack):
    """Start everything and tell the story."""
    pieces = ["PostgreSQL", "Redis", "a broker"]
    pieces += ["a Stripe simulator"] if stack.stripe else []
    pieces += ["a mail sink"] if stack.mail else []
    pieces += ["a login"]
    show.say(f"Starting {', '.join(pieces)} and four services ...")
    stack.start()
    stack.connect_webhooks()
    good = story.tell(stack)
    problems = stack.problems()
    for problem in problems:
        show.say(f"  {problem}")
    return good and not problems


def stay_up(stack):
    write_env(stack, daemon.RUN / "env")
    links(stack)
    threading.Event().wait()


def live(args, interruption):
    """The exit code. Whatever happens, nothing is left behind but the logs of a story that failed."""
    run = stack = None
    code = UNTRUE
    try:
        run = daemon.Run()
        stack = daemon.new_stack("kafka" if args.kafka else "embedded", args.build)
        code = TRUE if came_true(stack) else UNTRUE
        if code == TRUE and not args.exit:
            stay_up(stack)
    except (KeyboardInterrupt, Exception) as error:
        if interruption.came:  # whatever it broke on its way
            code = TRUE if code == TRUE else INTERRUPTED
        elif isinstance(error, (DidNotStart, TimedOut, StoryFailed, NotPaid, OSError)):
            show.say(f"\n{show.paint(show.RED, str(error))}")
        else:
            raise
    finally:
        interruption.ignore_more()
        if stack:
            stack.stop()
        if run:
            run.end(keep_logs=code == UNTRUE)
    return code


def main():
    args = arguments()
    os.umask(0o022)
    try:
        code = live(args, Interruption())
    except daemon.AlreadyUp as error:
        print(error, file=sys.stderr)
        return UNTRUE
    show.say()
    if code == TRUE:
        show.say(show.paint(show.GREEN, "The story came true."))
    elif code == INTERRUPTED:
        show.say("Interrupted; everything is stopped again.")
    else:
        show.say(show.paint(show.RED, "The story did not come true; logs are in run/logs."))
    return code


if __name__ == "__main__":
    sys.exit(main())
