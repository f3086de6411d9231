"""Identifiers that look like Stripe's."""

from __future__ import annotations

import base64
import os


def new_id(prefix: str, length: int = 24) -> str:
    text = base64.b64encode(os.urandom(length), b"Xy").decode()
    return f"{prefix}_{text[:length]}"
