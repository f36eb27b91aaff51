"""Folds shares of a rebuild's topics in processes of their own, side by side. It changes with how work is divided.

The live region's instances share topics in the same way, and the database is the same for any interleaving.
"""

import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, Protocol

from consumers.observer import Unobserved
from consumers.quarantine.entries import Faulty
from interfocal.installation.installation import Installation, open_installation
from interfocal.process.own_memory import settle_memory
from interfocal.rebuild.folding import Ends, fold_topics
from schemas.errors import ExchangeError, Stop

MOST_PROCESSES = 4  # PostgreSQL has to write what they fold
WORTH_RECORDS = 20_000  # a process takes a second to start, in which one folds some thousand records


class Told(Protocol):
    """Whoever is told of all shares, on one thread."""

    def folded_to(self, positions: Mapping[str, int]) -> None:
        """A transaction was committed."""

    def gap(self, topic: str, first: int, last: int) -> None:
        """Offsets that are not on the log."""

    def unusable(self, reason: str) -> None:
        """One record went to quarantine."""

    def say(self, sentence: str) -> None:
        """A sentence for the person who waits."""


@dataclass(frozen=True, slots=True)
class Share:
    """Topics of one process, the database that it folds into, and the folder of the installation."""

    var: Path
    url: str
    ends: Ends


@dataclass(frozen=True, slots=True)
class Sending(Unobserved):
    """The observer in such a process: sends on what concerns a rebuild, as method and arguments of ``Told``."""

    pipe: Connection

    def folded_to(self, positions: Mapping[str, int]) -> None:
        """A transaction was committed."""
        self.pipe.send(("folded_to", dict(positions)))

    def gap(self, topic: str, first: int, last: int) -> None:
        """Offsets that are not on the log."""
        self.pipe.send(("gap", topic, first, last))

    def quarantined(self, faulty: Faulty) -> None:
        """One record cannot be used."""
        self.pipe.send(("unusable", faulty.reason))

    def away(self, error: ExchangeError) -> None:
        """Broker or database do not answer."""
        self.pipe.send(("say", str(error)))


def processes_for(records: int, asked: int | None) -> int:
    """How many processes fold so many records: those that were asked for, else as many as it is worth here."""
    if asked is not None:
        return asked
    return min(len(os.sched_getaffinity(0)), MOST_PROCESSES) if records >= WORTH_RECORDS else 1


def divide(left: Mapping[str, int], processes: int) -> list[list[str]]:
    """Topics with so many records left, shared so that no process has much more than another; none gets nothing."""
    shares: list[list[str]] = [[] for _ in range(processes)]
    load = [0] * processes
    for topic in sorted((topic for topic, count in left.items() if count), key=lambda topic: (-left[topic], topic)):
        least = load.index(min(load))
        shares[least].append(topic)
        load[least] += left[topic]
    return [share for share in shares if share]


def fold_shares(installation: Installation, url: str, shares: Sequence[Ends], told: Told) -> None:
    """Fold each share in a process of its own, and return when all have ended; raises what one of them raised."""
    context = get_context("spawn")  # a Kafka client and a database connection do not survive a fork
    started: list[SpawnProcess] = []
    pipes: list[Connection] = []
    try:
        for ends in shares:
            receiving, sending = context.Pipe(duplex=False)
            process = context.Process(target=fold_share, args=(Share(installation.var, url, ends), sending))
            process.start()
            sending.close()  # only the process holds it now: its end is the pipe's end
            started.append(process)
            pipes.append(receiving)
        follow(pipes, told)
    finally:
        for process in started:
            process.terminate()
            process.join()


def follow(pipes: Sequence[Connection], told: Told) -> None:
    """Hand on what the processes send until each has said that it is done; raises the first error of one."""
    running = list(pipes)
    while running:
        ready = wait(running)
        for pipe in [one for one in running if one in ready]:
            try:
                said = pipe.recv()
            except EOFError:
                raise Stop("a process of the rebuild ended before its share was folded: rebuild again") from None
            if isinstance(said, ExchangeError):
                raise said
            if said is None:
                running.remove(pipe)
            else:
                hand_on(said, told)


def hand_on(said: tuple[Any, ...], told: Told) -> None:
    """Call what a process has said."""
    match said:
        case ("folded_to", positions):
            told.folded_to(positions)
        case ("gap", topic, first, last):
            told.gap(topic, first, last)
        case ("unusable", reason):
            told.unusable(reason)
        case ("say", sentence):
            told.say(sentence)


def fold_share(share: Share, pipe: Connection) -> None:
    """What such a process does; it ends with whoever started it, who alone is told of Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settle_memory()
    parent = parent_process()
    try:
        fold_topics(
            open_installation(share.var),
            share.url,
            share.ends,
            Sending(pipe),
            lambda: parent is not None and not parent.is_alive(),
        )
        pipe.send(None)
    except ExchangeError as error:
        pipe.send(error)
    except BrokenPipeError:
        return  # nobody is there any more who would be told
