"""What every consumer loop of an installation has, the region's and the desks'. It changes with both of them."""

import threading
from collections.abc import Callable

from consumers.checking import Terms
from consumers.loop import Loop
from interfocal.installation.installation import Installation


def terms_of(installation: Installation) -> Terms:
    """What every record of this installation is checked against."""
    directory = installation.directory
    return Terms(installation.seals, directory.exercise, directory.version)


def loop_runner(loop: Loop) -> Callable[[threading.Event], None]:
    """Runs a loop, and leaves its group in an orderly way."""

    def run(stop: threading.Event) -> None:
        try:
            loop.run(stop)
        finally:
            loop.close()

    return run
