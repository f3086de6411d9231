"""Identifiers that look like Stripe's."""

from __future__ import annotations

import random
import string

_ALPHABET = string.ascii_letters + string.digits
_random = random.SystemRandom()


def new_id(prefix: str, length: int = 24) -> str:
    return f"{prefix}_{''.join(_random.choices(_ALPHABET, k=length))}"
