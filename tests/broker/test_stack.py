import psycopg
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient

from interfocal.stack import Stack


def test_a_record_comes_back_from_the_real_broker(stack: Stack, topic_prefix: str) -> None:
    topic = f"{topic_prefix}rs.seizure"
    admin = KafkaAdminClient(bootstrap_servers=stack.bootstrap)
    admin.create_topics({topic: {"num_partitions": 1, "replication_factor": 1}}, wait_for_metadata=True)
    admin.close()
    producer = KafkaProducer(bootstrap_servers=stack.bootstrap)
    producer.send(topic, key=b"k", value=b"v", headers=[("seal", b"s")]).get(timeout=30)
    producer.close()
    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=stack.bootstrap,
        auto_offset_reset="earliest",
        consumer_timeout_ms=30_000,
        enable_auto_commit=False,
    )
    record = next(consumer)
    consumer.close()
    assert (record.key, record.value, list(record.headers)) == (b"k", b"v", [("seal", b"s")])


def test_each_test_has_an_empty_database_of_its_own(database: str) -> None:
    with psycopg.connect(database) as connection:
        found = connection.execute("select count(*) from pg_stat_user_tables").fetchone()
    assert found == (0,)
