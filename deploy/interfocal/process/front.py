"""What a process's HTTP port is served by: the app as it is wired now. It changes when requests have to wait otherwise.

While a process is wired anew, requests that come wait for the next app, and those under way are waited for.
"""

import asyncio
import time

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LONGEST_WAIT_S = 10.0
LOOK_S = 0.02
AWAY = "This process is being made anew; ask again in some seconds.\n"


class Front:
    """One ASGI app for the life of the process. ``hold`` and ``hand_to`` are called by another thread than requests."""

    def __init__(self) -> None:
        self._app: ASGIApp | None = None
        self._under_way = 0  # changed by the server's one thread alone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to the app, or wait for one; 503 when there is none for too long."""
        app = await self._present()
        if app is None:
            await PlainTextResponse(AWAY, 503, {"retry-after": "5"})(scope, receive, send)
            return
        self._under_way += 1
        try:
            await app(scope, receive, send)
        finally:
            self._under_way -= 1

    def hand_to(self, app: ASGIApp) -> None:
        """Serve this app from now on."""
        self._app = app

    def hold(self, limit_s: float) -> bool:
        """Let requests wait, and return when none is under way any more; False when that takes longer."""
        self._app = None
        deadline = time.monotonic() + limit_s
        while self._under_way and time.monotonic() < deadline:
            time.sleep(LOOK_S)
        return not self._under_way

    async def _present(self) -> ASGIApp | None:
        deadline = time.monotonic() + LONGEST_WAIT_S
        while self._app is None and time.monotonic() < deadline:  # noqa: ASYNC110  # another thread hands it over
            await asyncio.sleep(LOOK_S)
        return self._app
