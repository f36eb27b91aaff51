"""The watched folders of members. It changes with what is set of a folder."""

from collections.abc import Iterator, Mapping
from functools import partial

from interfocal.installation.settings import WaysInSettings
from interfocal.process.logs import log
from interfocal.wiring.looking import Looking
from producers.intake.intake import Intake
from producers.ways_in.folder import WatchedFolder
from producers.ways_in.handing import IntakeTaker
from producers.ways_in.observer import Observer
from schemas.errors import Misconfigured

FOLDER = "folder"


def lookings(settings: WaysInSettings, intakes: Mapping[str, Intake], observer: Observer) -> Iterator[Looking]:
    """Each folder of the members that this process serves; raises Misconfigured."""
    for member, path in settings.folder.items():
        intake = intakes.get(member.upper())
        if intake is None:
            continue
        if not path.is_dir():
            raise Misconfigured(f"setting ways_in.folder.{member}: {path} is no folder; make it, or leave it out")
        taker = IntakeTaker(intake, observer, FOLDER)
        folder = WatchedFolder(path, intake.member, intake.mappings, taker.take)
        yield Looking(f"folder-{intake.member.lower()}", intake.member, partial(_look, folder))


def _look(folder: WatchedFolder) -> bool:
    for report in folder.look():
        log().info("file_taken", member=folder.member, clean=report.is_clean, **report.counts)
    return False
