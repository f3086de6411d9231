"""Count what test programs say about themselves: (passed, failed, names of what failed)."""

import re


def tap(text):
    """Criterion with --tap, or the plain runner. Skipped counts as failed."""
    passed, failed = 0, []
    for line in text.splitlines():
        match = re.match(r"(ok|not ok)\b[ \d]*(?:- )?(.*)", line)
        if not match:
            continue
        if match.group(1) == "ok" and "# SKIP" not in line.upper():
            passed += 1
        else:
            failed.append(match.group(2))
    return passed, len(failed), failed


def pytest(text):
    """The last summary line. Skipped, xfailed, xpassed and errors count as failed."""
    passed = failed = 0
    for line in reversed(text.splitlines()):
        counts = dict((word.rstrip("s"), int(n)) for n, word in re.findall(
            r"(\d+) (passed|failed|skipped|errors?|xfailed|xpassed)", line))
        if counts:
            passed = counts.pop("passed", 0)
            failed = sum(counts.values())
            break
    names = re.findall(r"^(?:FAILED|ERROR|SKIPPED|XFAIL|XPASS) (.*)$", text, re.M)
    return passed, failed, names


def lines(text):
    """"name ok" and "name FAILED"."""
    passed = len(re.findall(r"^\S+ ok\b", text, re.M))
    failed = re.findall(r"^(\S+) FAILED\b", text, re.M)
    return passed, len(failed), failed
