"""Waiting with a deadline, never by a sleep of a guessed length."""

import time


class TimedOut(AssertionError):
    """A condition did not come true in time."""


def eventually(condition, timeout=15.0, what="", every=0.02):
    """Call condition() until it returns something true and return that.

    An AssertionError inside means "not yet"; the last one is shown when time is up. Any other
    exception passes through.
    """
    deadline = time.monotonic() + timeout
    last = None
    while True:
        try:
            found = condition()
            if found:
                return found
            last = None
        except AssertionError as error:
            last = error
        if time.monotonic() >= deadline:
            label = what or getattr(condition, "__name__", "condition")
            raise TimedOut(f"not within {timeout:g} s: {label}" + (f" ({last})" if last else ""))
        time.sleep(every)


def never(condition, seconds, what="", every=0.05):
    """Fail as soon as condition() is true within the given time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            raise AssertionError(f"must not happen: {what or condition} ({found!r})")
        time.sleep(every)
