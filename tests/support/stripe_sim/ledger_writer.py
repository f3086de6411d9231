"""The append-only ledger: JSON lines that are on disk before an answer leaves.

Many requests share one fsync: whoever waits is woken when the write that holds his line is done.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .clock import Clock


class LedgerWriter:
    def __init__(self, path: Path, clock: Clock) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._clock = clock
        self._seq = 0
        self._buffer: list[bytes] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._wake = asyncio.Event()
        self._disk = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")

    def append(self, kind: str, **fields: Any) -> None:
        """Add one line, in the order of calls. It is durable once a later flush() returned."""
        self._seq += 1
        stamps = {"at": round(self._clock.now(), 6), "real": round(time.time(), 6)}
        line = {"seq": self._seq, **stamps, "kind": kind, **fields}
        self._buffer.append(json.dumps(line, separators=(",", ":")).encode() + b"\n")

    async def flush(self) -> None:
        """Wait until everything appended so far is on disk."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(done)
        self._wake.set()
        await done

    async def run(self) -> None:
        """Write and fsync in groups until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            lines, self._buffer = self._buffer, []
            waiting, self._waiting = self._waiting, []
            if lines:
                await loop.run_in_executor(self._disk, self._write, b"".join(lines))
            for done in waiting:
                if not done.done():
                    done.set_result(None)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]
        os.fsync(self._fd)

    def close(self) -> None:
        self._disk.shutdown(wait=True)
        if self._buffer:
            self._write(b"".join(self._buffer))
            self._buffer = []
        os.close(self._fd)
