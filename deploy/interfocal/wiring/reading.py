"""The region's API for members, as the region process serves it. It changes with what the API needs."""

import time

from fastapi import FastAPI

from consumers.web.asking import Reading, answer_errors
from consumers.web.view_routes import view_router
from interfocal.installation.installation import Installation
from interfocal.installation.reader import reader_connect
from interfocal.limits import limits_of
from producers.ways_in.allowance import Allowance


def add_reading(app: FastAPI, installation: Installation) -> None:
    """Add the routes and the answers to errors; raises Misconfigured when the reader's password is not here."""
    bounds = installation.settings.view
    reading = Reading(
        connect=reader_connect(installation),
        directory=installation.directory,
        limits=tuple(limits_of(installation.directory)),
        wait_s=Allowance(bounds.requests_per_s, bounds.at_once, time.monotonic).wait_s,
        rows_alone=bounds.rows_alone,
    )
    answer_errors(app)
    app.include_router(view_router(reading))
