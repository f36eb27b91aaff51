"""The local stack: Apache Kafka (one broker, or three) and one PostgreSQL server on loopback, for work and tests."""

from interfocal.servers.databases import create_database, drop_database
from interfocal.servers.local import Stack, current
from interfocal.servers.urls import database_url
from interfocal.stack.one_broker import kill_broker, start_broker, stop_broker
from interfocal.stack.supervisor import ServiceStatus, down, status, up

__all__ = [
    "ServiceStatus",
    "Stack",
    "create_database",
    "current",
    "database_url",
    "down",
    "drop_database",
    "kill_broker",
    "start_broker",
    "status",
    "stop_broker",
    "up",
]
