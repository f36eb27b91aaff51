"""Apache Kafka's jars: fetched once, kept in the user's cache, and used only with the committed digests.

It changes with Kafka's version: resolve anew, and commit the digests of what was resolved.
"""

import hashlib
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from jgo.env import EnvironmentBuilder, LinkStrategy
from jgo.maven import MavenContext

from schemas.errors import BrokerAway, NotOurs

# Each in a call of its own: resolved together, the two mix versions and give an older client under the broker.
ENDPOINTS = ("org.apache.kafka:kafka_2.13:4.3.1", "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4")
DIGESTS = Path(__file__).with_name("kafka-jars.sha256")
MIB = 1024 * 1024
Progress = Callable[[str], None]


def cache_folder() -> Path:
    """Where downloads are kept between runs: ``INTERFOCAL_CACHE``, or the user's cache folder."""
    named = os.environ.get("INTERFOCAL_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "interfocal"


def read_digests(path: Path = DIGESTS) -> dict[str, str]:
    """File name to SHA-256 in hexadecimal, from lines as ``sha256sum`` writes them."""
    rows = (line.split() for line in path.read_text(encoding="ascii").splitlines() if line)
    return {name: digest for digest, name in rows}


def kafka_jars(cache: Path, digests: Mapping[str, str], *, progress: Progress) -> tuple[Path, ...]:
    """The broker's jars under ``cache``, fetched if one is missing.

    Raises:
        NotOurs: a jar is not the one whose digest is committed.
        BrokerAway: the jars could not be fetched.
    """
    folder = cache / ENDPOINTS[0].replace(":", "-")
    folder.mkdir(parents=True, exist_ok=True)
    if any(not (folder / name).exists() for name in digests):
        _fetch(folder, digests, progress)
    for name, digest in digests.items():
        check_digest(folder / name, digest)
    return tuple(folder / name for name in digests)


def check_digest(jar: Path, digest: str) -> None:
    """Raise NotOurs unless the file's SHA-256 is ``digest``."""
    with jar.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != digest:
        raise NotOurs(
            f"The file {jar} is not the jar that this project was tested with (SHA-256 {found}): "
            "delete it and run again; if it comes back the same, do not use it.",
            code="jar_differs",
        )


def _fetch(folder: Path, digests: Mapping[str, str], progress: Progress) -> None:
    with tempfile.TemporaryDirectory(dir=folder, prefix="fetching-") as name:
        workplace = Path(name)
        progress(f"Fetching Apache Kafka, {len(digests)} files, about 45 MiB; this happens once")
        with _reporting(workplace, progress):
            found = {jar.name: jar for endpoint in ENDPOINTS for jar in _resolved(endpoint, workplace)}
        if set(found) != set(digests):
            odd = ", ".join(sorted(set(found) ^ set(digests)))
            raise NotOurs(f"Other jars were resolved than this project was tested with: {odd}.", code="jar_differs")
        for jar_name, digest in digests.items():
            check_digest(found[jar_name], digest)
        for jar_name in digests:
            shutil.move(found[jar_name], folder / jar_name)


def _resolved(endpoint: str, workplace: Path) -> list[Path]:
    try:
        context = MavenContext(repo_cache=workplace / "repository")
        builder = EnvironmentBuilder(context=context, cache_dir=workplace, link_strategy=LinkStrategy.COPY)
        return builder.from_endpoint(endpoint=endpoint).all_jars
    except (OSError, RuntimeError, ValueError) as error:
        cause = type(error).__name__  # its text is a page long, and names hosts
        raise BrokerAway(f"Apache Kafka could not be fetched ({cause}): the first run needs the network.") from error


@contextmanager
def _reporting(workplace: Path, progress: Progress) -> Iterator[None]:
    done = threading.Event()

    def report() -> None:
        while not done.wait(3.0):
            size = sum(file.stat().st_size for file in workplace.glob("repository/**/*.jar"))
            progress(f"Fetching Apache Kafka: {size / MIB:.0f} MiB so far")

    watcher = threading.Thread(target=report, name="fetch-progress", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
