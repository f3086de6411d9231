"""A caller who writes down what it asked and what it was told."""

import threading
import time
from dataclasses import dataclass

OK, REFUSED, UNKNOWN = "ok", "refused", "unknown"


@dataclass
class Call:
    """outcome: ok and refused are promises; unknown (no answer, or 5xx) must be legal both ways."""

    what: str
    booking_id: int | None
    user_id: int | None
    role: str
    began: float
    ended: float
    outcome: str
    status: int | None = None
    code: str | None = None
    text: str = ""


class Client:
    """Safe to use from several threads. url: of the API; without, whichever instance lives."""

    def __init__(self, stack, timeout=10.0):
        self.stack = stack
        self.timeout = timeout
        self.calls = []
        self._lock = threading.Lock()

    def cancel(self, booking, by=None, body=None, *, method="PUT", path_id=None, token=None, headers=None):
        """path_id, token, headers: to be wrong on purpose."""
        by = by or booking.parent
        return self._call(
            "cancel",
            booking.id,
            by,
            method,
            f"/api/Sessions/{booking.id if path_id is None else path_id}/cancel",
            token=by.token if token is None else token,
            body=body,
            headers=headers,
        )

    def cancel_until_answered(self, booking, by=None, timeout=30.0):
        """As a person does: again until there is an answer."""
        deadline = time.monotonic() + timeout
        while True:
            call = self.cancel(booking, by)
            if call.outcome != UNKNOWN:
                return call
            if time.monotonic() > deadline:
                raise AssertionError(f"no answer in {timeout:g} s: {call}")
            time.sleep(0.05)

    def _call(self, what, booking_id, by, method, path, **request):
        from stack.http import Http

        began = time.time()
        status, code, text, outcome = None, None, "", UNKNOWN
        try:
            live = self.stack.of("api")
            if not live:
                raise ConnectionError("no API runs")
            answer = Http(live[0].url, timeout=self.timeout).request(method, path, **request)
            status, text = answer.status, answer.text[:300]
            outcome = OK if status < 300 else UNKNOWN if status >= 500 else REFUSED
            code = answer.json.get("code") if outcome != OK else None
        except (OSError, ValueError, KeyError) as error:  # no answer, one that is no JSON, an API not yet listening
            text = text or repr(error)
        call = Call(what, booking_id, by.id, by.role, began, time.time(), outcome, status, code, text)
        with self._lock:
            self.calls.append(call)
        return call

    def ok(self, booking_id=None):
        return [c for c in self.calls if c.outcome == OK and booking_id in (None, c.booking_id)]
