"""A private Redis on a free port, in memory only: everything in it may be lost at any time."""

import socket

from .proc import Proc
from .system import free_port, program


class Redis:
    def __init__(self, run_dir, log_dir, *, port=None):
        self.dir = run_dir / "redis"
        self.log_dir = log_dir
        self.port = port or free_port()
        self.host_port = ("127.0.0.1", self.port)
        self.proc = None

    def url(self, port=None):
        return f"redis://127.0.0.1:{port or self.port}/0"

    def start(self):
        self.dir.mkdir(exist_ok=True)
        self.proc = Proc(
            "redis",
            [
                program("redis-server"),
                "--bind",
                "127.0.0.1",
                "--port",
                self.port,
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                self.dir,
            ],
            self.log_dir / "redis.log",
        )

    def wait_ready(self):
        self.proc.wait_ready(self._answers)

    def _answers(self):
        try:
            return self.command("PING") == b"+PONG"
        except OSError:
            return False

    def command(self, *words):
        """One command; the first line of its answer as it came."""
        raw = b"*%d\r\n" % len(words)
        for word in words:
            data = str(word).encode()
            raw += b"$%d\r\n%s\r\n" % (len(data), data)
        with socket.create_connection(self.host_port, timeout=2) as connection:
            connection.sendall(raw)
            return connection.makefile("rb").readline().strip()

    def stop(self):
        if self.proc:
            self.proc.terminate(10)

    def restart(self):
        self.stop()
        self.start()
        self.wait_ready()
