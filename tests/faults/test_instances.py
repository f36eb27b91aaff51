"""Two instances each of the region's process and of the desks': what one of them holds, the other takes over."""

import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from instances import CONSUMERS, FIRST, start_in_turn
from interfocal.wiring.killing import FREEZE, VARIABLE
from load import Load, loading
from running import PRODUCER, Exchange, ended, until
from schemas.steps import Step

Hold = Callable[[Exchange, Load], None]
Tell = Callable[[str], None]
MID_BATCH = [
    (f"{Step.FOLDED.value}:8", f"{Step.POSITIONED.value}:8"),  # in open transactions
    (f"{Step.SENT.value}:8", f"{Step.RECEIPT_ACCEPTED.value}:3"),  # between a broker or an intake and the database
]
ALL_AT_ONCE = {name: dict[str, str]() for name in CONSUMERS}


@pytest.mark.parametrize(("region", "desks"), MID_BATCH)
def test_one_of_two_killed_in_mid_batch(exchange: Exchange, hold: Hold, tell: Tell, region: str, desks: str) -> None:
    start_in_turn(exchange, {name: {VARIABLE: death} for name, death in zip(FIRST, (region, desks), strict=True)})
    with loading(exchange) as load:
        assert [ended(exchange.processes[name]) for name in FIRST] == [-signal.SIGKILL] * len(FIRST)
        tell(f"through again after {load.through():.1f} s")
        exchange.start_at_once({name: {} for name in FIRST})
        load.through()
    hold(exchange, load)


@pytest.mark.parametrize(("region", "desks"), MID_BATCH)
def test_one_of_two_frozen_past_its_session_and_woken(
    exchange: Exchange, hold: Hold, tell: Tell, region: str, desks: str
) -> None:
    """It holds what it held: locks, positions, the lease of the relay, records that are on their way to the broker."""
    start_in_turn(exchange, {name: {FREEZE: step} for name, step in zip(FIRST, (region, desks), strict=True)})
    with loading(exchange) as load:
        until(lambda: all(is_frozen(exchange, name) for name in FIRST), "both to be frozen")
        try:
            tell(f"through again after {load.through():.1f} s")
        finally:
            send(exchange, FIRST, signal.SIGCONT)
        tell(f"woken, through after {load.through():.1f} s")
    hold(exchange, load)


def test_all_instances_joining_at_once_over_waiting_work(exchange: Exchange, hold: Hold, tell: Tell) -> None:
    exchange.start(PRODUCER)
    with loading(exchange) as load, ThreadPoolExecutor(1) as thread:
        joining = thread.submit(exchange.start_at_once, ALL_AT_ONCE)
        tell(f"through after {load.through():.1f} s")
        joining.result()
        send(exchange, CONSUMERS, signal.SIGKILL)
        assert {ended(exchange.processes[name]) for name in CONSUMERS} == {-signal.SIGKILL}
        exchange.start_at_once(ALL_AT_ONCE)
        tell(f"all killed and started at once, through after {load.through():.1f} s")
    hold(exchange, load)


def is_frozen(exchange: Exchange, name: str) -> bool:
    """Whether a process is stopped."""
    return psutil.Process(exchange.processes[name].running.pid).status() == psutil.STATUS_STOPPED


def send(exchange: Exchange, names: Sequence[str], number: signal.Signals) -> None:
    """Signal processes."""
    for name in names:
        os.kill(exchange.processes[name].running.pid, number)
