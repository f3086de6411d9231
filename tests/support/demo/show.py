"""What a person sees: colours on a terminal, plain text in a pipe."""

import os
import sys
import time

COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ
BOLD, DIM, RED, GREEN, CYAN = "1", "2", "31", "32", "36"


def paint(code, text):
    return f"\x1b[{code}m{text}\x1b[0m" if COLOUR else text


def say(text=""):
    print(text, flush=True)


def heading(text):
    say()
    say(paint(BOLD, text))


class TimeLine:
    """Lines with the milliseconds since begin()."""

    def begin(self):
        self.began = time.monotonic()

    def step(self, what, detail=""):
        ms = (time.monotonic() - self.began) * 1000
        say(f"  {paint(CYAN, f'+{ms:5.0f} ms')}  {what:<18} {paint(DIM, detail)}".rstrip())


def check(what, good, detail=""):
    mark = paint(GREEN, "yes") if good else paint(RED, "NO ")
    say(f"  {mark}  {what}" + (f" ({detail})" if detail and not good else ""))
    return bool(good)
