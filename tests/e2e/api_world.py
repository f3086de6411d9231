"""One API over a database of its own, shared by the tests of a module: nothing else runs, so rows stay as the API wrote them."""

import json
import pathlib
import socket
from types import SimpleNamespace

import pytest
from stack import Stack

DATA = pathlib.Path(__file__).resolve().parents[1] / "data"


class World:
    def __init__(self, stack):
        self.stack = stack
        seed = stack.seed
        self.parent, self.teacher, self.admin = seed.family()
        self.student = seed.person("Student", "Stu Dent", guardian=self.parent)
        self.support = seed.person("Support", "Sue Support")
        self.other_parent = seed.person("Parent", "Otto Other")
        self.other_teacher = seed.person("Teacher", "Theo Other")
        self.other_student = seed.person("Student", "Sven Other")
        self.hours = 100

    @property
    def api(self):
        return self.stack.api

    def booking(self, starts_in=None, **more):
        """Of the parent, the teacher and the student; each one at an hour of its own."""
        if starts_in is None:
            self.hours += 2
            starts_in = f"{self.hours} hours"
        more.setdefault("student", self.student)
        return self.stack.seed.booking(
            self.parent, more.pop("teacher", self.teacher), starts_in=starts_in, **more
        )

    def row(self, booking):
        return self.stack.one("SELECT * FROM bookings WHERE id = %s", booking.id)

    def count(self, table, booking):
        return self.stack.one(f"SELECT count(*) AS n FROM {table} WHERE booking_id = %s", booking.id)["n"]

    def cancel(self, booking, person, body=None, method="PUT", **more):
        return self.api.request(
            method, f"/api/Sessions/{booking.id}/cancel", token=person.token, body=body, **more
        )


@pytest.fixture(scope="module")
def world(infra, build):
    stack = Stack(infra, build=build)
    try:
        stack.start(only=("api",))
        yield World(stack)
        # Asked while it still runs: a leak or a race is reported at its end.
    finally:
        stack.stop()
    problems = stack.problems()
    assert not problems, "\n".join(problems)
    stack.remove()


def raw(url, request, timeout=5.0):
    """Send bytes as they are. What came back, split into answers, and how the line ended: "closed" or "open"."""
    host, port = url.removeprefix("http://").rsplit(":", 1)
    received, end = b"", "closed"
    with socket.create_connection((host, int(port)), timeout=timeout) as line:
        try:
            line.sendall(request)
        except OSError:
            pass  # the server may answer and close before it has read everything
        try:
            while chunk := line.recv(65536):
                received += chunk
        except TimeoutError:
            end = "open"
        except ConnectionResetError:
            pass
    return SimpleNamespace(bytes=received, end=end, answers=parse(received))


def parse(received):
    """Status, lower-case headers and body of each answer up to one that closes; a HEAD's answer has a length and no body.

    (libmicrohttpd 0.9.75 writes the head of its own refusals twice; the connection ends after them.)
    """
    answers = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:] if ": " in line)}
        status = int(lines[0].split(" ")[1])
        length = 0 if status == 100 else int(headers.get("content-length", 0))
        answers.append(SimpleNamespace(status=status, headers=headers, body=rest[:length]))
        if headers.get("connection", "").lower() == "close":
            break
        received = rest[length:]
    return answers


def code_of(answer):
    return json.loads(answer.body)["code"]
