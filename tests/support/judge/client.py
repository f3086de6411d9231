"""A caller who writes down what it asked and what it was told."""

import threading
import time
from dataclasses import dataclass, field

OK, REFUSED, UNKNOWN = "ok", "refused", "unknown"


@dataclass
class Call:
    """outcome: ok and refused are promises; unknown (no answer, or 5xx) must be legal both ways."""

    what: str
    booking_id: int | None
    by: object  # a stack.seed.Person
    began: float
    ended: float
    outcome: str
    status: int | None = None
    code: str | None = None
    text: str = ""
    data: object = None  # of an answer that is ok
    asked: dict = field(default_factory=dict)
    wrong: bool = False  # on purpose: it may never be ok

    @property
    def user_id(self):
        return self.by.id

    @property
    def role(self):
        return self.by.role


class Client:
    """Safe to use from several threads. url: of the API; without, whichever instance lives."""

    def __init__(self, stack, timeout=10.0):
        self.stack = stack
        self.timeout = timeout
        self.calls = []
        self._lock = threading.Lock()

    def book(self, parent, teacher, at, *, body=None, token=None, wrong=False):
        """at: when it shall start, RFC 3339. body: instead of a good one."""
        asked = {"teacher": teacher.id, "at": at}
        call = self._call(
            "book",
            None,
            parent,
            "POST",
            "/api/Sessions/book",
            asked=asked,
            wrong=wrong,
            token=token or parent.token,
            body={"teacherId": teacher.id, "scheduledDateTime": at} if body is None else body,
            headers={"Content-Type": "application/json"},
        )
        if call.outcome == OK:
            call.booking_id = call.data["sessionId"]
        return call

    def cancel(
        self, booking, by=None, body=None, *, method="PUT", path_id=None, token=None, headers=None, wrong=False
    ):
        """path_id, token, headers: to be wrong on purpose."""
        by = by or booking.parent
        return self._call(
            "cancel",
            booking.id,
            by,
            method,
            f"/api/Sessions/{booking.id if path_id is None else path_id}/cancel",
            wrong=wrong or path_id is not None or token is not None,
            token=by.token if token is None else token,
            body=body,
            headers=headers,
        )

    def cancel_payment(self, booking, checkout, by=None, **more):
        return self._of_checkout("cancel-payment", booking, checkout, by, **more)

    def confirm_payment(self, booking, checkout, by=None, **more):
        return self._of_checkout("confirm-payment", booking, checkout, by, **more)

    def _of_checkout(self, what, booking, checkout, by, wrong=False):
        by = by or booking.parent
        asked = {"checkout": checkout}
        path = f"/api/Sessions/{what}/{checkout}"
        return self._call(what, booking.id, by, "POST", path, asked=asked, wrong=wrong, token=by.token)

    def bookings(self, by):
        """Their own, as the page of a parent or a teacher asks for them."""
        path = {"Parent": "parent/bookings?limit=100", "Teacher": "teacher/upcoming?limit=100"}[by.role]
        return self._call("list", None, by, "GET", f"/api/Sessions/{path}", token=by.token)

    def show(self, booking, by=None, wrong=False):
        by = by or booking.parent
        path = f"/api/Sessions/{booking.id}"
        return self._call("show", booking.id, by, "GET", path, wrong=wrong, token=by.token)

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

    def _call(self, what, booking_id, by, method, path, asked=None, wrong=False, **request):
        from stack.http import Http

        began = time.time()
        status, code, text, data, outcome = None, None, "", None, UNKNOWN
        try:
            live = self.stack.of("api")
            if not live:
                raise ConnectionError("no API runs")
            answer = Http(live[0].url, timeout=self.timeout).request(method, path, **request)
            status, text = answer.status, answer.text[:300]
            outcome = OK if status < 300 else UNKNOWN if status >= 500 else REFUSED
            code, data = (None, answer.data) if outcome == OK else (answer.json.get("code"), None)
        except (OSError, ValueError, KeyError) as error:  # no answer, one that is no JSON, an API not yet listening
            text = text or repr(error)
        call = Call(what, booking_id, by, began, time.time(), outcome, status, code, text, data,
                    asked or {}, wrong)  # fmt: skip
        with self._lock:
            self.calls.append(call)
        return call

    def ok(self, booking_id=None):
        return [c for c in self.calls if c.outcome == OK and booking_id in (None, c.booking_id)]
