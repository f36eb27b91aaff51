"""The demo: the whole exchange on one machine, on the real parts. It changes when the main job does.

It starts from nothing each time: what an earlier demo left under the same folder is deleted, and nothing else ever.
"""

import shlex
import shutil
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from interfocal.demo.canaries import Canaries, places
from interfocal.demo.feed import Feed
from interfocal.demo.foreign import plant
from interfocal.demo.forging import Forgeries, forge
from interfocal.demo.national import forget_national, prepare_national
from interfocal.demo.outcome import add_to_report, reference_counts, run_ledger, write_report, write_traces
from interfocal.demo.scenario import Scenario, read_scenario
from interfocal.demo.screen import Screen
from interfocal.demo.watch import Watch
from interfocal.drain import wait_drained
from interfocal.forbidden.trying import try_installation
from interfocal.installation.endpoints import read_endpoints
from interfocal.installation.installation import Installation
from interfocal.installation.preparing import prepare
from interfocal.installation.processes import Process, start_processes, stop_processes, wait_ready
from interfocal.installation.region_folder import RegionFolder
from interfocal.limits import limits_of
from interfocal.stack.supervisor import down, up
from schemas.errors import NotOurs
from schemas.topics import record_topics

MARKER = "made-by-the-demo"
OWN_FOLDERS = ("members", "region", "logs")
SERVER_FOLDERS = ("kafka*", "postgres")
REPORT = "demo-report.json"
TRACES = "traces.csv"
DRAIN_S = 300.0
MOST_USERS, FORGED_TOPICS = 20, 21  # all of the default region; some of one with dozens of members


@dataclass(frozen=True, slots=True)
class Demo:
    """One demo: its folder, its region, a file of records to run on instead of samples, and how many brokers."""

    var: Path
    folder: RegionFolder
    records: Path | None
    screen: Screen
    brokers: int = 1

    def run(self, *, once: bool) -> bool:
        """Play everything; stay up until Ctrl-C unless ``once``. True when every promise held."""
        clear(self.var)
        processes: list[Process] = []
        try:
            with interrupted_by_sigterm():
                installation = self.bring_up(processes)
                held = self.play(installation)
                if not once:
                    self.stay(installation)
        finally:
            with undisturbed():
                self.screen.stage("Stopping what was started")
                stop_processes(processes)
                down(self.var)
        return held

    def bring_up(self, processes: list[Process]) -> Installation:
        """Kafka, PostgreSQL, keys, topics, databases, processes."""
        self.screen.stage(f"Interfocal: {self.folder.template.get('title', 'a region')}")
        up(self.var, brokers=self.brokers, progress=self.screen.progress)
        installation = prepare(self.var, self.folder, self.screen.progress)
        self.screen.directory = installation.directory
        for limit in limits_of(installation.directory):
            self.screen.progress(limit)
        prepare_national(installation, self.folder)
        processes += start_processes(installation)
        wait_ready(processes)
        self.screen.progress(f"{len(processes)} processes are ready: {', '.join(p.name for p in processes)}")
        return installation

    def play(self, installation: Installation) -> bool:
        """Feed, disturb, play the example, drain, and let the ledger count."""
        watch = Watch(installation, self.screen)
        watching = threading.Thread(target=watch.run, daemon=True)
        watching.start()
        ways_in = self.feed(installation)
        topics = record_topics(installation.directory.owners())
        planted, forgeries = plant(installation, topics[:3]), forge(installation, topics[:FORGED_TOPICS])
        self.screen.progress(f"{planted} unusable records without a valid seal were planted on the topics")
        canaries = Canaries()
        script = read_scenario(self.folder.path)
        if script is not None and self.records is None:
            self.screen.stage("The worked example")
            Scenario(installation, script, self.screen, canaries).play()
        left = wait_drained(installation, DRAIN_S, lambda _left: None)
        watch.stop.set()
        watching.join()
        if not left.nothing:
            self.screen.say("problem", f"not everything came to rest: {left}")
        held = self.tell(installation, watch, ways_in) and self.counted(installation, forgeries)
        return held and self.search(installation, canaries) and left.nothing

    def counted(self, installation: Installation, forgeries: Forgeries) -> bool:
        """Whether no forged event took effect; the report says so."""
        tried, accepted = len(forgeries.places), forgeries.accepted(installation)
        add_to_report(self.var / REPORT, forged={"tried": tried, "accepted": accepted})
        self.screen.say("result", f"{tried} events forged without a member's key, {accepted} of them accepted")
        return not accepted

    def search(self, installation: Installation, canaries: Canaries) -> bool:
        """Whether no canary of a sealed part is anywhere where it must not be; the report says so."""
        found = list(places(installation, canaries.mark))
        for place in found:
            self.screen.say("problem", f"a sealed part stands in the clear: {place}")
        add_to_report(self.var / REPORT, canaries={"planted": canaries.planted, "found": len(found)})
        self.screen.say("result", f"{canaries.planted} canaries in sealed parts, found outside them {len(found)} times")
        return not found

    def feed(self, installation: Installation) -> Mapping[str, int]:
        """The members' samples, or the file of records; how many were accepted, by way in."""
        self.screen.stage("National records")
        feed = Feed(installation, self.folder, self.screen)
        return feed.samples() if self.records is None else feed.records(self.records)

    def tell(self, installation: Installation, watch: Watch, ways_in: Mapping[str, int]) -> bool:
        """The report on screen and on disk."""
        self.screen.stage("The ledger, counted afresh by a process of its own")
        with ThreadPoolExecutor(1) as beside:  # what the cluster forbids, while the ledger's process counts
            trying = beside.submit(try_installation, installation, MOST_USERS)
            told = run_ledger(installation) | {"ways_in": ways_in, "reference": reference_counts(installation)}
            tried = trying.result()
        told["forbidden"] = {"tried": tried.tried, "allowed": len(tried.allowed)}
        write_report(self.var / REPORT, told, self.screen.seconds())
        write_traces(self.var / TRACES, installation)
        for name in ("accepted", "in_view", "quarantined", "rejected", "foreign"):
            self.screen.say("note", f"{told[name]:>6} {name.replace('_', ' ')}")
        self.screen.say("note", f"{len(told['lost']):>6} lost, {len(told['doubled'])} doubled")
        traces, latency = told["traces"], told["latency_ms"]
        self.screen.say(
            "note", f"{traces['delivered']:>6} of {traces['opened']} traces delivered; the others wait for a person"
        )
        self.screen.say("note", f"accepted by way in: {counts_text(ways_in)}")
        self.screen.say("note", f"makes and models in the reference tables: {counts_text(told['reference'])}")
        for name, figures in latency.items():
            self.screen.say("note", f"{name.replace('_', ' ')}: p50 {figures['p50']} ms, p99 {figures['p99']} ms")
        if watch.first_route_s is not None:
            self.screen.say("note", f"the first routed request was on screen after {watch.first_route_s:.1f} s")
        self.screen.say("note", f"{tried.tried:>6} forbidden operations tried in Kafka, {len(tried.allowed)} allowed")
        for problem in told["problems"]:
            self.screen.say("problem", f"{problem['code']}: {problem['where']}")
        held = bool(told["holds"]) and not tried.allowed
        self.screen.say("result", "every promise held" if held else "NOT every promise held")
        return held

    def stay(self, installation: Installation) -> None:
        """Print where everything answers, and wait for Ctrl-C."""
        self.screen.stage("Everything stays up until Ctrl-C")
        for line in addresses(installation):
            self.screen.progress(line)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


def counts_text(counts: Mapping[str, int]) -> str:
    """``2 resolved, 1 unknown``."""
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


def addresses(installation: Installation) -> Sequence[str]:
    """Where everything answers, and what to type next."""
    endpoints = read_endpoints(installation.var)
    first = next(iter(endpoints["producers"]))
    return (
        f"Kafka {installation.bootstrap}; files under {installation.var}; report {installation.var / REPORT}",
        *(
            f"producer {code} {url} (API: {url}/openapi.json, metrics: {url}/metrics)"
            for code, url in endpoints["producers"].items()
        ),
        f"desks {endpoints['desks']}/metrics, region {endpoints['region']}/metrics",
        f"in another terminal: export INTERFOCAL_VAR={shlex.quote(str(installation.var))}",
        f"there try: interfocal view summary, inbox --as {first}, trace list, quarantine list, ledger verify",
    )


def clear(var: Path) -> None:
    """Delete what an earlier demo left; raises NotOurs when the folder holds an installation that no demo made."""
    marker = var / MARKER
    if not marker.exists() and any(any(var.glob(name)) for name in (*OWN_FOLDERS, *SERVER_FOLDERS)):
        raise NotOurs(f"{var} holds an installation that the demo did not make: name another folder with --var")
    down(var, wipe=True)
    forget_national(var)
    for name in OWN_FOLDERS:
        shutil.rmtree(var / name, ignore_errors=True)
    var.mkdir(parents=True, exist_ok=True)
    marker.touch()


@contextmanager
def undisturbed() -> Iterator[None]:
    """A second Ctrl-C does not end the stopping of what was started."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def interrupted_by_sigterm() -> Iterator[None]:
    """SIGTERM ends the demo as Ctrl-C does, so that it stops what it started."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
