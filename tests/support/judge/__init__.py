"""The judge of tests: were the invariants of the design kept, asked of everybody but the services themselves.

Written from the design alone. It reads PostgreSQL by SQL of its own, Stripe's ledger, the mail spool, the topics, the
client's log and, for secrets and sanitizer reports only, the services' logs.

    watch(stack)                                before the services start: who moved what, and when, by a trigger
    client = Client(stack)                      remembers what every call was answered
    client.cancel(booking)
    judge(stack, client)                        waits until nothing is open, then raises Guilty with all that is wrong
    judge(stack, client, Expect(broker="off"))  what the story makes legal
"""

from .client import Call, Client
from .evidence import Evidence, open_things, wait_until_quiet
from .history import watch
from .verdict import Expect, Guilty, judge, safety

__all__ = [
    "Call",
    "Client",
    "Evidence",
    "Expect",
    "Guilty",
    "judge",
    "open_things",
    "safety",
    "wait_until_quiet",
    "watch",
]
