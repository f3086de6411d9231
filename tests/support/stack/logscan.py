"""Look through the logs of a stack for what must never be there."""

import re

SANITIZER = re.compile(
    r"ERROR: (Address|Leak|Thread)Sanitizer|WARNING: ThreadSanitizer|runtime error:|"
    r"SUMMARY: \w+Sanitizer|DEADLYSIGNAL|stack smashing detected|buffer overflow detected|"
    r"Assertion .* failed"
)

# Bodies of mails and requests, card numbers, live or test keys, signed tokens, addresses of people.
SECRETS = re.compile(
    r"sk_(test|live)_\w+|rk_(test|live)_\w+|whsec_\w+|pw-canary-\w+|eyJ[\w-]{10,}\.[\w-]+\.[\w-]+|"
    r"[\w.+-]+@[\w-]+\.(example|test)\b|\b4242 ?4242 ?4242 ?4242\b|body-canary"
)


def sanitizer_reports(log_dir):
    return _hits(log_dir, SANITIZER, "*.log")


def secrets(log_dir, services):
    """Only our own services' logs: the stand-ins may say what they like."""
    return [hit for name in services for hit in _hits(log_dir, SECRETS, f"{name}-*.log")]


def _hits(log_dir, pattern, files):
    hits = []
    for path in sorted(log_dir.glob(files)):
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
            if pattern.search(line):
                hits.append(f"{path.name}:{number}: {line[:300]}")
    return hits
