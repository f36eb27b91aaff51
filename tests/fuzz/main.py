"""Fuzzes every target for a while: ``make fuzz MINUTES=5``, or ``make fuzz ONLY=codec``. It changes with the engine.

What was found interesting is kept under ``var/fuzz/corpus`` and is where the next run begins; an input that breaks a
contract is kept under ``var/fuzz/found``, and the exit code is then 1.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.table import Table

from fuzz.target import Target
from fuzz.targets import TARGETS
from source_tree import ROOT

LEAST_S = 5
HANGS_S = 60
MOST_MIB = 2_048
GRACE_S = 180
NO_ENGINE = "Atheris is not installed: it has no wheel for this machine or Python; fuzz on x86-64 Linux, Python < 3.14"
NO_END = "it did not end"
COUNTED = re.compile(r"^stat::number_of_executed_units: *(\d+)", re.MULTILINE)
RATE = re.compile(r"^stat::average_exec_per_sec: *(\d+)", re.MULTILINE)
REACHED = re.compile(r"cov: (\d+) ft: \d+ corp: (\d+)")
SAVED = re.compile(r"Test unit written to (\S+)")


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a target: inputs tried, how much of our code they reached, and what broke it ("" for nothing)."""

    target: str
    inputs: int
    per_second: int
    before: int
    reached: int
    corpus: int
    found: str
    said: str

    @property
    def cells(self) -> tuple[str, ...]:
        """A row of the table."""
        figures = (self.inputs, self.per_second, self.reached, f"+{self.reached - self.before}", self.corpus)
        return (self.target, *map(str, figures), self.found or "none")


def fuzz(target: Target, seconds: int, room: Path, module: str = "fuzz.targets") -> Ran:
    """Run one target, which a module has, in a process of its own until its time is up, or something is found."""
    corpus, found = room / "corpus" / target.name, room / "found" / target.name
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    for place, seed in enumerate(target.seeds()):
        (corpus / f"seed-{place}").write_bytes(seed)
    with tempfile.TemporaryDirectory() as scratch:
        words = Path(scratch) / "words"
        words.write_text("".join(_word(word) for word in (b"\x00", *target.words)), encoding="ascii")
        options = [*_options(target, seconds, found), f"-dict={words}", str(corpus)]
        said = _run([module, target.name, *options], seconds, scratch)
    return told(target, said, len(list(corpus.iterdir())))


def told(target: Target, said: str, corpus: int) -> Ran:
    """What the engine said of a run."""
    reached = [int(number) for number, _ in REACHED.findall(said)]
    counted, rate, saved = COUNTED.search(said), RATE.search(said), SAVED.search(said)
    return Ran(
        target=target.name,
        inputs=int(counted[1]) if counted else 0,
        per_second=int(rate[1]) if rate else 0,
        before=reached[0] if reached else 0,
        reached=max(reached, default=0),
        corpus=corpus,
        found=saved[1] if saved else "" if counted else NO_END,
        said=said,
    )


def _options(target: Target, seconds: int, found: Path) -> Iterator[str]:
    yield from (f"-max_total_time={seconds}", f"-artifact_prefix={found}/", "-print_final_stats=1")
    yield from (f"-max_len={target.longest}", "-len_control=20", f"-timeout={HANGS_S}", f"-rss_limit_mb={MOST_MIB}")


def _run(arguments: list[str], seconds: int, scratch: str) -> str:
    """What a process said that leaves nothing behind but in its scratch folder."""
    ours = {"PYTHONPATH": str(ROOT / "tests"), "PYTHONWARNINGS": "ignore", "TMPDIR": scratch}
    try:
        done = subprocess.run(  # noqa: S603  # our own script
            [sys.executable, str(ROOT / "tests" / "fuzz" / "one.py"), *arguments],
            check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, **ours},
            timeout=seconds + HANGS_S + GRACE_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        said = (error.output or b"") + f"\nkilled after {error.timeout:.0f} seconds".encode()
    else:
        said = done.stdout
    lines = said.decode(errors="replace").splitlines()
    return "\n".join(line for line in lines if not line.startswith(("INFO:", "WARNING:", "#")) or "cov:" in line)


def _word(word: bytes) -> str:
    """A line of libFuzzer's dictionary."""
    return '"' + "".join(f"\\x{octet:02x}" for octet in word) + '"\n'


def show(ran: list[Ran], console: Console) -> None:
    """A table of all, and what was said of each finding."""
    table = Table("target", "inputs", "inputs/s", "reached", "new", "corpus", "finding")
    for one in ran:
        table.add_row(*one.cells)
    console.print(table)
    for one in ran:
        if one.found:
            console.print(f"\n{one.target}: {one.found}", style="bold", soft_wrap=True)
            console.print(one.said[-4_000:], markup=False, highlight=False, soft_wrap=True)
    findings = sum(bool(one.found) for one in ran)
    console.print(f"{sum(one.inputs for one in ran)} inputs, {findings} findings")


def main() -> int:
    """Fuzz for so many minutes, divided among the targets, one for each core at a time; 1 when something was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], help="all when none is named")
    parser.add_argument("--minutes", type=float, default=5, help="in all, without what each target takes to start")
    parser.add_argument("--room", type=Path, default=ROOT / "var" / "fuzz", help="where corpus and findings are kept")
    asked = parser.parse_args()
    console = Console(width=shutil.get_terminal_size((140, 40)).columns)
    if find_spec("atheris") is None:
        console.print(NO_ENGINE)
        return 2
    names, cores = asked.targets or list(TARGETS), os.cpu_count() or 1
    seconds = max(round(asked.minutes * 60 * min(cores, len(names)) / len(names)), LEAST_S)
    ran = []
    with ThreadPoolExecutor(cores) as pool:
        for one in pool.map(lambda name: fuzz(TARGETS[name], seconds, asked.room), names):
            ran.append(one)
            console.print(f"{one.target}: {one.inputs} inputs, {one.found or 'nothing found'}")
    show(ran, console)
    return 1 if any(one.found for one in ran) else 0


if __name__ == "__main__":
    sys.exit(main())
