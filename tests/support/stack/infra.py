"""What several stacks can share: PostgreSQL and a broker. Each stack gets its own database and topics."""

import pathlib
import shutil
import tempfile

from .broker import EmbeddedBroker
from .kafka import Kafka
from .postgres import Postgres
from .system import build_bin


class ExternalKafka:
    """A broker that somebody else runs; its topics must exist already."""

    kind = "external"
    proc = None

    def __init__(self, bootstrap):
        self.bootstrap = bootstrap
        host, port = bootstrap.split(",")[0].rsplit(":", 1)
        self.host_port = (host, int(port))

    def start(self):
        pass

    wait_ready = stop = start

    def create_topics(self, topics, partitions=None):
        pass


class Infra:
    """broker: "kafka", "embedded", "none", or host:port of one that runs already."""

    def __init__(
        self,
        *,
        build="asan",
        broker="kafka",
        durable=False,
        directory=None,
        pg_settings=None,
        advertised_port=None,
        topics=(),
    ):
        self.temporary = directory is None
        self.dir = pathlib.Path(directory or tempfile.mkdtemp(prefix="unbook-"))
        self.dir.mkdir(exist_ok=True)
        self.dir.chmod(0o755)
        self.log_dir = self.dir / "logs"
        self.log_dir.mkdir(exist_ok=True)
        self.bin_dir = build_bin(build)
        self.pg = Postgres(self.dir, self.log_dir, durable=durable, settings=pg_settings)
        if broker == "kafka":
            self.kafka = Kafka(self.dir, self.log_dir, topics=topics, advertised_port=advertised_port)
        elif broker == "embedded":
            self.kafka = EmbeddedBroker(self.dir, self.log_dir, self.bin_dir, topics=topics)
        else:
            self.kafka = None if broker == "none" else ExternalKafka(broker)

    def start(self):
        try:
            if self.kafka:
                self.kafka.start()
            self.pg.start()
            self.pg.wait_ready()
            if self.kafka:
                self.kafka.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self):
        for piece in (self.kafka, self.pg):
            if piece:
                piece.stop()
        self.pg.remove()
        if self.temporary:
            shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
