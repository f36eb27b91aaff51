"""Keeps a process by the directory in force: follows its topic, and has the process wired anew by another version.

It changes with what a process does about a new directory.
"""

import threading
from collections.abc import Callable

from consumers.source import Broker, KafkaTopicReader
from interfocal.installation.access import access_of
from interfocal.installation.installation import Installation
from interfocal.process.logs import log
from interfocal.process.service import Worker
from interfocal.trust.following import Follower
from schemas.errors import ExchangeError, Temporary

LOOK_EVERY_S = 1.0
CLIENT = "directory"


def directory_worker(installation: Installation, principal: str, wire_anew: Callable[[], None]) -> Worker:
    """Takes new versions, also those that another process or a person on this machine has taken."""
    folder = installation.places.trust
    broker = Broker(access_of(installation, principal), CLIENT, installation.prefix)
    follower = Follower(folder, lambda: KafkaTopicReader(broker), refused)

    def run(stop: threading.Event) -> None:
        away = False
        while not stop.is_set():
            try:
                follower.look()
                away = False
            except Temporary as error:
                follower.close()
                if not away:
                    log().warning("directory_not_followed", code=error.code, reason=str(error))
                away = True
            trust = folder.said().trust
            if trust != installation.kept.trust:
                log().info("directory_changed", version=trust.version, keys_waiting=len(trust.waiting))
                wire_anew()
                break
            stop.wait(LOOK_EVERY_S)
        stop.wait()
        follower.close()

    return Worker("directory", run)


def refused(offset: int, error: ExchangeError) -> None:
    """Say that a version on the topic was not taken."""
    log().error("directory_refused", offset=offset, code=error.code, reason=str(error))
