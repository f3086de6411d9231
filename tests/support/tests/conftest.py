"""The two stand-ins, running in threads of the tests."""

from __future__ import annotations

import asyncio
import importlib
import sys
import threading
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from running import MailSink, Process, StripeSim  # noqa: E402
from stripe_api import Api  # noqa: E402


class InThread(Process):
    """Instead of a process: the same server in a thread of the tests, which starts sooner."""

    def __init__(self, module: str, folder: Path, arguments: list[str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        port_file = folder / "ports"
        main = importlib.import_module(f"{module}.__main__")
        args = main.arguments(["--port-file", str(port_file), *arguments])
        self._stop = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(main.serve(args, self._stop),))
        self._thread.start()
        deadline = time.monotonic() + 10
        while not port_file.exists():
            assert self._thread.is_alive() and time.monotonic() < deadline, f"{module} did not start"
            time.sleep(0.002)
        self.ports = [int(port) for port in port_file.read_text().split()]

    def _run(self, serving: Coroutine[Any, Any, None]) -> None:
        self._loop.run_until_complete(serving)
        self._loop.close()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        assert not self._thread.is_alive()


class ThreadSim(StripeSim, InThread):
    pass


class ThreadSink(MailSink, InThread):
    pass


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[StripeSim]:
    with ThreadSim(tmp_path / "stripe") as running:
        yield running


@pytest.fixture
def api(sim: StripeSim) -> Api:
    return Api(sim)


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[MailSink]:
    with ThreadSink(tmp_path / "mail") as running:
        yield running
