"""The simulator's own clock, which a test can push forward, and what is due on it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable


class Clock:
    """Real time plus an offset that only grows."""

    def __init__(self) -> None:
        self._offset_s = 0.0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._changed = asyncio.Event()

    def now(self) -> float:
        return time.time() + self._offset_s

    @property
    def offset_s(self) -> float:
        return self._offset_s

    def at(self, when: float, action: Callable[[], None]) -> None:
        """Run action once the clock has reached when."""
        heapq.heappush(self._due, (when, next(self._order), action))
        self._changed.set()

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        self.at(self.now() + seconds, action)

    def advance(self, seconds: float) -> None:
        """Push the clock forward; what becomes due has run when this returns."""
        if seconds < 0:
            raise ValueError("the clock only goes forward")
        self._offset_s += seconds
        self.run_due()
        self._changed.set()

    def run_due(self) -> None:
        while self._due and self._due[0][0] <= self.now():
            heapq.heappop(self._due)[2]()

    async def run(self) -> None:
        """Run what falls due until cancelled."""
        while True:
            self.run_due()
            self._changed.clear()
            wait_s = max(self._due[0][0] - self.now(), 0.001) if self._due else None
            try:
                await asyncio.wait_for(self._changed.wait(), wait_s)
            except TimeoutError:
                pass
