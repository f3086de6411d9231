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


ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


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
    show.say("  . run/env; curl -s -H \"Authorization: Bearer $PARENT_TOKEN\" "
             "$API_URL/api/Sessions/parent/bookings")


def live(args, run):
    stack = daemon.new_stack("kafka" if args.kafka else "embedded", args.build)
    good = False
    try:
        show.say("Starting PostgreSQL, Redis, a broker, a Stripe simulator, a mail sink and four services ...")
        stack.start()
        good = story.tell(stack)
        problems = stack.problems()
        for problem in problems:
            show.say(f"  {problem}")
        good = good and not problems
        if good and not args.exit:
            write_env(stack, daemon.RUN / "env")
            links(stack)
            threading.Event().wait()
    except KeyboardInterrupt:
        show.say()
    except (DidNotStart, TimedOut, story.StoryFailed, OSError) as error:
        show.say(f"\n{show.paint(show.RED, str(error))}")
        good = False
    finally:
        stack.stop()
        run.end(keep_logs=not good)
    show.say()
    show.say(show.paint(show.GREEN, "The story came true.") if good else
             show.paint(show.RED, "The story did not come true; logs are in run/logs."))
    return 0 if good else 1


def main():
    args = arguments()
    os.umask(0o022)

    def interrupted(*_):
        for number in ENDING:  # once is enough: what follows is an orderly end
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in ENDING:
        signal.signal(number, interrupted)
    try:
        run = daemon.Run()
    except daemon.AlreadyUp as error:
        print(error, file=sys.stderr)
        return 1
    return live(args, run)


if __name__ == "__main__":
    sys.exit(main())
