"""Which status each booking had when, as the triggers of judge.watch() saw it."""

from dataclasses import dataclass

FOREVER = float("inf")
PENDING, CONFIRMED, COMPLETED, CANCELLED = 0, 1, 2, 3
LIVE = (PENDING, CONFIRMED)


@dataclass
class Span:
    """Seconds since the epoch, by PostgreSQL's clock. A move counts from its statement: others see it a little later, with its commit."""

    status: int
    since: float
    until: float = FOREVER

    def touches(self, began, ended, slack=0.0):
        """Whether it may have been seen at some time in between; slack: between a move and its commit, at most."""
        return self.since <= ended and began <= self.until + slack


class Lives:
    def __init__(self, moves):
        self._spans = {}
        for move in moves:
            if move["kind"] != "booking" or move["was"] == move["became"]:
                continue
            spans = self._spans.setdefault(move["booking_id"], [])
            at = move["at"].timestamp()
            if spans:
                spans[-1].until = at
            spans.append(Span(int(move["became"]), at))

    def __bool__(self):
        return bool(self._spans)

    def of(self, booking_id):
        return self._spans.get(booking_id, [])

    def ever(self, booking_id, status, until=FOREVER):
        return any(span.status == status and span.since <= until for span in self.of(booking_id))

    def may_show(self, booking_id, call, slack, *statuses):
        """Whether somebody who asked during this call may have seen one of these statuses."""
        return any(span.status in statuses and span.touches(call.began, call.ended, slack) for span in self.of(booking_id))

    def throughout(self, booking_id, call, slack, status):
        """Whether everybody who asked during this call has seen this status."""
        spans = [span for span in self.of(booking_id) if span.touches(call.began, call.ended, slack)]
        return len(spans) == 1 and spans[0].status == status

    def is_for_good(self, booking_id, status):
        """Whether it never left this status again."""
        spans = self.of(booking_id)
        return bool(spans) and spans[-1].status == status
