"""Logs: one JSON object a line, one event per fact. It changes with how facts are written down.

No marks, names or case numbers are ever handed to a logger; event and trace ids are.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

LIBRARY_LOGGERS = ("kafka", "uvicorn", "uvicorn.error", "alembic", "psycopg")


def configure_logs(process: str, stream: TextIO | None = None) -> None:
    """Write this process's facts to ``stream`` (stderr for None), each with the process's name."""
    out = stream or sys.stderr

    def name_process(_logger: Any, _method: str, fact: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {"process": process, **fact}  # not a context variable: threads do not inherit those

    structlog.configure(
        processors=[
            name_process,
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[name_process, structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in LIBRARY_LOGGERS:  # at DEBUG the Kafka client writes raw frames, with payloads and passwords
        logging.getLogger(name).setLevel(logging.WARNING)


def log() -> Any:
    """The logger of the calling process."""
    return structlog.get_logger()
