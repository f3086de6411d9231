"""The embedded broker: librdkafka's test cluster in a process of its own (tests/support/broker)."""

import subprocess

from .proc import Proc

API_PRODUCE = 0
API_FETCH = 1
API_METADATA = 3
API_JOIN_GROUP = 11
NOT_COORDINATOR = 16
NOT_ENOUGH_REPLICAS = 19
TOPIC_AUTHORIZATION_FAILED = 29
TRANSPORT = -195


class EmbeddedBroker:
    kind = "embedded"

    def __init__(self, run_dir, log_dir, bin_dir, *, topics=(), partitions=12):
        self.port_file = run_dir / "broker.port"
        self.log_dir = log_dir
        self.bin_dir = bin_dir
        self.topics = list(topics)
        self.partitions = partitions
        self.proc = None

    @property
    def bootstrap(self):
        return self.port_file.read_text().strip()

    @property
    def host_port(self):
        host, port = self.bootstrap.rsplit(":", 1)
        return host, int(port)

    def start(self):
        self.port_file.unlink(missing_ok=True)
        argv = [
            self.bin_dir / "unbook-broker",
            "--port-file",
            self.port_file,
            "--partitions",
            self.partitions,
        ]
        if self.topics:
            argv += ["--topics", ",".join(self.topics)]
        self.proc = Proc("broker", argv, self.log_dir / "broker.log", stdin=subprocess.PIPE)

    def wait_ready(self):
        self.proc.wait_ready(self.port_file.exists)

    def create_topics(self, topics, partitions=None):
        """They come to life when first used."""

    def command(self, line):
        """See tests/support/broker/broker.c for the commands."""
        pipe = self.proc.popen
        pipe.stdin.write(line.encode() + b"\n")
        pipe.stdin.flush()
        answer = pipe.stdout.readline().strip()
        if answer != b"ok":
            raise RuntimeError(f"broker refused: {line}")

    def stop(self):
        if self.proc:
            self.proc.terminate(10)
