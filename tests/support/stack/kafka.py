"""A real Apache Kafka (KRaft, one node) from the jars that ./dev deps put into build/kafka."""

import base64
import shutil
import subprocess
import uuid

from .proc import Proc
from .system import ROOT, SUPPORT, accepts, free_port, program
from .wait import eventually

HEAP = "-Xmx512m"


class Kafka:
    """advertised_port: where clients are sent after the first answer, for a fault proxy in between
    (the admin calls made here go there too, so start the proxy first)."""

    kind = "kafka"

    def __init__(self, run_dir, log_dir, *, topics=(), partitions=12, advertised_port=None):
        self.dir = run_dir / "kafka"
        self.log_dir = log_dir
        self.topics = list(topics)
        self.partitions = partitions
        self.port = free_port()
        self.controller_port = free_port()
        self.advertised_port = advertised_port or self.port
        self.host_port = ("127.0.0.1", self.port)
        self.proc = None

    @property
    def bootstrap(self):
        return f"127.0.0.1:{self.advertised_port}"

    def _java(self, *words):
        jars = ROOT / "build" / "kafka"
        if not any(jars.glob("kafka_2.13-*.jar")):
            raise FileNotFoundError("Kafka's jars are not there (./dev deps)")
        return [
            program("java"),
            HEAP,
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            f"{jars}/*",
            f"-Dlog4j2.configurationFile={SUPPORT}/kafka/log4j2.yaml",
            *map(str, words),
        ]

    def _properties(self):
        text = (SUPPORT / "kafka" / "server.properties").read_text()
        for name, value in {
            "port": self.port,
            "controller_port": self.controller_port,
            "advertised_port": self.advertised_port,
            "data": self.dir / "data",
        }.items():
            text = text.replace(f"@{name}@", str(value))
        path = self.dir / "server.properties"
        path.write_text(text)
        return path

    def _format(self):
        self.dir.mkdir(exist_ok=True)
        # The first byte keeps the id from starting with "-", which the tool would take for an option.
        cluster = base64.urlsafe_b64encode(b"u" + uuid.uuid4().bytes[1:]).decode().rstrip("=")
        with open(self.log_dir / "kafka.log", "ab") as log:
            subprocess.run(
                self._java(
                    "kafka.tools.StorageTool",
                    "format",
                    "--standalone",
                    "-t",
                    cluster,
                    "-c",
                    self._properties(),
                    "--ignore-formatted",
                ),
                check=True,
                stdout=log,
                stderr=log,
                timeout=60,
            )

    def start(self):
        if not (self.dir / "data").exists():
            self._format()
        self.proc = Proc(
            "kafka", self._java("kafka.Kafka", self.dir / "server.properties"), self.log_dir / "kafka.log"
        )

    def wait_ready(self):
        self.proc.wait_ready(lambda: accepts(self.port), 60)
        if self.topics:
            self.create_topics(self.topics)

    def create_topics(self, topics, partitions=None):
        from confluent_kafka.admin import AdminClient, NewTopic

        admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        wanted = [
            NewTopic(t, num_partitions=partitions or self.partitions, replication_factor=1) for t in topics
        ]
        for topic, made in admin.create_topics(wanted, operation_timeout=30).items():
            try:
                made.result(40)
            except Exception as error:  # confluent_kafka.KafkaException, of many kinds
                if "ALREADY_EXISTS" not in str(error):
                    raise RuntimeError(f"topic {topic}: {error}") from error
        eventually(
            lambda: all(admin.list_topics(topic, timeout=10).topics[topic].partitions for topic in topics), 30, "topics exist"
        )

    def stop(self):
        """Hard: its own orderly shutdown takes seconds and nothing here is worth keeping."""
        if self.proc:
            self.proc.kill9()

    def wipe(self):
        """Every topic and every offset is gone; then it starts again on the same port."""
        self.stop()
        shutil.rmtree(self.dir / "data")
        self.start()
        self.wait_ready()
