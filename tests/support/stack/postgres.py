"""A private PostgreSQL: its own data directory, a free port, nothing shared with the machine's own."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import psycopg

from .proc import Proc
from .system import Account, free_port, postgres_bin

PASSWORD = "pw-canary-5f1c"
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres:
    """durable=False is for tests that do not ask what survives a crash of the machine.

    Where the account that runs it may not enter run_dir, its data lie in a directory of their own.
    """

    def __init__(self, run_dir, log_dir, *, durable=True, settings=None, port=None):
        self.account = Account()
        self.data = run_dir / "pg"
        self.elsewhere = None
        if not self.account.may_enter(run_dir):
            self.elsewhere = pathlib.Path(tempfile.mkdtemp(prefix="unbook-pg-"))
            self.elsewhere.chmod(0o711)
            self.data = self.elsewhere / "pg"
        self.log_dir = log_dir
        self.port = port or free_port()
        self.settings = {
            **(DURABLE if durable else FORGETFUL),
            "max_connections": 500,
            "shared_buffers": "128MB",
            "max_wal_size": "1GB",
            "log_min_messages": "warning",
            "timezone": "UTC",
            **(settings or {}),
        }
        self.proc = None
        self.host_port = ("127.0.0.1", self.port)

    def url(self, database="unbook", port=None):
        """With a password that nobody asks for: it must not turn up in any log."""
        return f"postgresql://unbook:{PASSWORD}@127.0.0.1:{port or self.port}/{database}"

    def create(self):
        self.data.mkdir(mode=0o700)
        self.account.own(self.data)
        subprocess.run(
            [
                postgres_bin("initdb"),
                "-D",
                self.data,
                "-U",
                "unbook",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-sync",
                "--no-instructions",
            ],
            check=True,
            cwd="/",
            stdout=subprocess.DEVNULL,
            timeout=60,
            **self.account.as_popen(),
        )

    def start(self):
        if not self.data.exists():
            self.create()
        argv = [
            postgres_bin("postgres"),
            "-D",
            self.data,
            "-h",
            "127.0.0.1",
            "-p",
            self.port,
            "-c",
            "unix_socket_directories=",
        ]
        for name, value in self.settings.items():
            argv += ["-c", f"{name}={value}"]
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
        self.proc = Proc(
            "postgres",
            argv,
            self.log_dir / "postgres.log",
            env=env,
            cwd="/",
            user=self.account,
            death_signal=signal.SIGINT,
        )

    def wait_ready(self):
        self.proc.wait_ready(self._answers, 30)

    def _answers(self):
        try:
            with psycopg.connect(self.url("postgres"), connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def create_database(self, name="unbook"):
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def drop_database(self, name):
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def stop(self, mode="fast"):
        """fast: as an operator stops it. immediate: as a crash does."""
        if self.proc:
            self.proc.terminate(20, signal.SIGINT if mode == "fast" else signal.SIGQUIT)

    def restart(self, mode="fast"):
        self.stop(mode)
        self.start()
        self.wait_ready()

    def remove(self):
        if self.elsewhere:
            shutil.rmtree(self.elsewhere, ignore_errors=True)
