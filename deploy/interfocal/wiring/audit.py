"""Keeps the heads of audit logs apart from their databases, while a process runs. It changes with how often."""

import threading
from collections.abc import Sequence
from contextlib import ExitStack, closing

from consumers.store.connection import connector
from consumers.store.session import Session
from interfocal.audit.logs import AuditLog
from interfocal.process.logs import log
from interfocal.process.service import Worker
from schemas.errors import ExchangeError

EVERY_S = 60.0


def anchor_worker(logs: Sequence[AuditLog]) -> Worker:
    """Keeps the head of each of these logs, every minute and once more at the end."""

    def run(stop: threading.Event) -> None:
        with ExitStack() as open_:
            sessions = [open_.enter_context(closing(Session(connector(log.url, "audit")))) for log in logs]
            while True:
                ended = stop.wait(EVERY_S)
                for one, session in zip(logs, sessions, strict=True):
                    _anchor(one, session)
                if ended:
                    return

    return Worker("audit", run)


def _anchor(one: AuditLog, session: Session) -> None:
    """What cannot be kept now is kept the next time."""
    try:
        one.anchor(session)
    except ExchangeError as error:
        log().warning("audit_head_not_kept", desk=one.desk, code=error.code, reason=str(error))
