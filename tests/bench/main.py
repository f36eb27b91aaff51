"""Measures this machine's figures: ``make bench``, or ``make bench ONLY=reading``. It changes with what is measured.

A figure stands beside a reference that was measured in the same run: machines differ, and this one is shared.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping

from bench import history, instances, latency, members, memory, publish, reading, rebuilding, seals, view
from bench.figures import Figures, noise, say, show
from interfocal.process.own_memory import settle_memory

SECTIONS: Mapping[str, Callable[[argparse.Namespace], Iterator[Figures]]] = {
    "seals": lambda asked: seals.measure(asked.seals),
    "reading": lambda asked: reading.measure(asked.size_mib),
    "rebuilding": lambda asked: rebuilding.measure(asked.rebuilt),
    "view": lambda asked: view.measure(asked.events),
    "publish": lambda asked: publish.measure(asked.events),
    "latency": lambda asked: latency.measure(asked.requests),
    "memory": lambda asked: memory.measure(asked.events),
    "members": lambda asked: members.measure(asked.shared),
    "history": lambda asked: history.measure(asked.history),
    "instances": lambda asked: instances.measure(asked.events),
}


def main() -> None:
    """Print the tables of the sections that are asked for, each as soon as it is measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], help="all when none is named")
    parser.add_argument("--size-mib", type=int, default=1024, help="size of the large files")
    parser.add_argument("--rebuilt", type=int, default=1_000_000, help="events that are folded anew")
    parser.add_argument("--events", type=int, default=20_000, help="events that are published and folded")
    parser.add_argument("--seals", type=int, default=20_000, help="events that are sealed and checked")
    parser.add_argument("--requests", type=int, default=200, help="requests that are timed to the inbox")
    parser.add_argument("--shared", type=int, default=2_000, help="seizures in each region of another size")
    parser.add_argument("--history", type=int, default=200_000, help="events that are folded before what is measured")
    asked = parser.parse_args()
    settle_memory()  # as the processes that are measured do
    for name in asked.sections or SECTIONS:
        say(f"\n{name}: {noise()}")
        for figures in SECTIONS[name](asked):
            show(figures)


if __name__ == "__main__":
    main()
