"""The local stack: one Apache Kafka broker and one PostgreSQL server on loopback, for work and tests."""

from interfocal.stack.databases import create_database, database_url, drop_database
from interfocal.stack.supervisor import ServiceStatus, Stack, current, down, status, up

__all__ = [
    "ServiceStatus",
    "Stack",
    "create_database",
    "current",
    "database_url",
    "down",
    "drop_database",
    "status",
    "up",
]
