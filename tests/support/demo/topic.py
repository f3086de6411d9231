"""What stands in one topic, read by Kafka's own protocol and without a group."""

from stack.wait import eventually


class TopicReader:
    def __init__(self, bootstrap, topic, partitions=12):
        from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

        self.consumer = Consumer({
            "bootstrap.servers": bootstrap, "group.id": "demo-reader", "enable.auto.commit": False,
            "fetch.wait.max.ms": 10, "log_level": 0})
        self.partitions = [TopicPartition(topic, p, OFFSET_BEGINNING) for p in range(partitions)]
        self.places = {}  # (event type, key) -> where it was first seen
        self.consumer.assign(self.partitions)
        eventually(self._is_fetching, 15, f"reading {topic}")

    def _is_fetching(self):
        self._read()
        seen = [self.consumer.get_watermark_offsets(p, cached=True) for p in self.partitions]
        return all(found and found[1] >= 0 for found in seen)

    def find(self, kind, key):
        """"partition 3, offset 0" of the first event of that type and key, None while there is none."""
        self._read()
        return self.places.get((kind, str(key)))

    def _read(self):
        while (message := self.consumer.poll(0)) is not None:
            if message.error():
                continue
            headers = {k: v.decode("utf-8", "replace") for k, v in message.headers() or [] if v}
            key = (message.key() or b"").decode("utf-8", "replace")
            self.places.setdefault((headers.get("ce_type", ""), key),
                                   f"partition {message.partition()}, offset {message.offset()}")

    def close(self):
        self.consumer.close()
