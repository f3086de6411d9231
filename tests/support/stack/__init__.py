"""unbook's surroundings and services as Python objects: used by demo, up, e2e, fault and bench alike.

from stack import Stack
with Stack(build="asan") as stack:
    parent, teacher, admin = stack.seed.family()
    booking = stack.seed.booking(parent, teacher, starts_in="3 days")
    stack.api.put(f"/api/Sessions/{booking.id}/cancel", token=parent.token)
    stack.eventually(lambda: stack.one("SELECT 1 FROM refunds WHERE state = 'succeeded'"))
"""

from .http import Answer, Http
from .infra import Infra
from .proc import DidNotStart, Proc
from .services import COMPRESSED, NAMES, TOPICS, Service
from .stack import Stack
from .wait import TimedOut, eventually, never

__all__ = [
    "Answer",
    "COMPRESSED",
    "DidNotStart",
    "Http",
    "Infra",
    "NAMES",
    "Proc",
    "Service",
    "Stack",
    "TOPICS",
    "TimedOut",
    "eventually",
    "never",
]
