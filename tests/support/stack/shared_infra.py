"""The PostgreSQL and the Kafka that another process of the same test run has started."""

from .kafka import Kafka
from .postgres import Postgres

PARTITIONS = 4  # for several workers of a group; the product's twelve, of hundreds of stacks, are what Kafka then does most of its time


class _Elsewhere:
    def running(self):
        return True


class RunningPostgres(Postgres):
    def __init__(self, port):
        self.port = port
        self.host_port = ("127.0.0.1", port)
        self.proc = _Elsewhere()


class RunningKafka(Kafka):
    def __init__(self, bootstrap):
        self.proc = _Elsewhere()
        self.port = self.advertised_port = int(bootstrap.rsplit(":", 1)[1])
        self.host_port = ("127.0.0.1", self.port)
        self.partitions = PARTITIONS


class Attached:
    """As an Infra, but it stays when its user goes."""

    def __init__(self, pg_port, bootstrap):
        self.pg = RunningPostgres(pg_port)
        self.kafka = RunningKafka(bootstrap)
