# What this project uses of kafka-python 3.0.12, which has no type marker. Add to it what you come to use.
from kafka.admin import KafkaAdminClient as KafkaAdminClient
from kafka.consumer import (
    AsyncConsumerRebalanceListener as AsyncConsumerRebalanceListener,
)
from kafka.consumer import (
    ConsumerRebalanceListener as ConsumerRebalanceListener,
)
from kafka.consumer import (
    KafkaConsumer as KafkaConsumer,
)
from kafka.producer import KafkaProducer as KafkaProducer
from kafka.structs import OffsetAndMetadata as OffsetAndMetadata
from kafka.structs import TopicPartition as TopicPartition

__version__: str
