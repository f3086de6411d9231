"""A request limit over a sliding second, in real time."""

from __future__ import annotations

import time
from collections import deque


class Limiter:
    def __init__(self) -> None:
        self.per_second: float | None = None
        self.path_prefix = "/v1/"
        self.method: str | None = None
        self._recent: deque[float] = deque()

    def exceeded(self, method: str, path: str) -> bool:
        """Count this request; tell whether it is one too many."""
        if self.per_second is None or not path.startswith(self.path_prefix):
            return False
        if self.method is not None and self.method != method:
            return False
        now = time.monotonic()
        while self._recent and now - self._recent[0] >= 1.0:
            self._recent.popleft()
        if len(self._recent) >= self.per_second:
            return True
        self._recent.append(now)
        return False
