"""The local page of a flight: `/` for people, `/status`, `/metrics` and `/healthz` for machines.

It only shows; nobody can command through it. Bound to loopback unless the configuration says
otherwise. MachineError without the extra `live`, or if the address is taken.
"""

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcert.errors import MachineError
from simcert.live._config import address

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

HTML = Path(__file__).parent / "templates" / "page.html"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; connect-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_START_S = 10.0


class Page:
    """Serves `status()`, `scrape()` and `healthy()` in a thread until `close`."""

    def __init__(
        self,
        where: str,
        status: Callable[[], Mapping[str, Any]],
        scrape: Callable[[], bytes],
        healthy: Callable[[], bool],
    ) -> None:
        self._calls = (status, scrape, healthy)
        try:
            import uvicorn
        except ImportError as error:
            remedy = "pip install 'simcert[live]'"
            raise MachineError(f"the status page needs starlette and uvicorn; {remedy}") from error
        host, port = address(where)
        config = uvicorn.Config(
            self._app(), host, port, log_level="error", access_log=False, lifespan="off"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="page", daemon=True)
        self._thread.start()
        self._started(where)

    def _run(self) -> None:
        try:
            self._server.run()
        except SystemExit:  # uvicorn's way to say that the address is taken
            return

    def _started(self, where: str) -> None:
        end = time.monotonic() + _START_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > end:
                raise MachineError(f"{where}: cannot serve the status page; is the address free?")
            time.sleep(0.02)

    def _app(self) -> "Starlette":
        from starlette.applications import Starlette
        from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse
        from starlette.routing import Route

        status, scrape, healthy = self._calls

        async def page(_: "Request") -> "Response":
            return HTMLResponse(HTML.read_text(encoding="utf-8"), headers=HEADERS)

        async def shown(_: "Request") -> "Response":
            return JSONResponse(dict(status()), headers=HEADERS)

        async def metrics(_: "Request") -> "Response":
            return PlainTextResponse(scrape(), media_type="text/plain; version=0.0.4")

        async def health(_: "Request") -> "Response":
            fine = healthy()
            return PlainTextResponse("ok" if fine else "no tick", 200 if fine else 503)

        routes = {"/": page, "/status": shown, "/metrics": metrics, "/healthz": health}
        return Starlette(routes=[Route(path, call) for path, call in routes.items()])

    def close(self) -> None:
        """Stop serving."""
        self._server.should_exit = True
        self._thread.join(3.0)
