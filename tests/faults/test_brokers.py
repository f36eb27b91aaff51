"""Brokers that fail or are restarted under load: what was accepted gets through, in order."""

from collections.abc import Callable
from pathlib import Path

from instances import start_in_turn
from interfocal.stack import kill_broker, start_broker, stop_broker
from load import Load, loading
from running import Exchange, until
from three_brokers import NUMBERS, in_sync, leader_of

Hold = Callable[[Exchange, Load], None]
Tell = Callable[[str], None]


def test_a_leader_killed_under_load(cluster: Path, exchange: Exchange, hold: Hold, tell: Tell) -> None:
    start_in_turn(exchange)
    leader = leader_of(cluster, f"{exchange.installation.prefix}aa.seizure")
    with loading(exchange) as load:
        load.through()
        kill_broker(cluster, leader)
        tell(f"through again after {load.through():.1f} s")
        start_broker(cluster, leader)
        until(lambda: in_sync(cluster), "the killed broker to have all records")
        load.through()
    hold(exchange, load)


def test_a_rolling_restart_of_all_brokers(cluster: Path, exchange: Exchange, hold: Hold, tell: Tell) -> None:
    start_in_turn(exchange)
    with loading(exchange) as load:
        load.through()
        for number in NUMBERS:
            stop_broker(cluster, number)
            tell(f"broker {number} stopped, through again after {load.through():.1f} s")
            start_broker(cluster, number)
            until(lambda: in_sync(cluster), "the restarted broker to have all records")
        tell(f"all restarted, through after {load.through():.1f} s")
    hold(exchange, load)
