"""The local page of a flight: `/` for people, `/status`, `/metrics` and `/healthz` for machines.

It only shows; nobody can command through it. Bound to loopback unless the configuration says
otherwise and who may read. MachineError without the extra `live`, or if the address is taken.
"""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcert.live._access import Access
from simcert.live._serving import Serving, check_installed

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

ANYBODY = Access()
Answer = Callable[["Request"], Awaitable["Response"]]
HTML = Path(__file__).parent / "templates" / "page.html"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; connect-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Page:
    """Serves `status()`, `scrape()` and `healthy()` in a thread until `close`."""

    def __init__(
        self,
        where: str,
        status: Callable[[], Mapping[str, Any]],
        scrape: Callable[[], bytes],
        healthy: Callable[[], bool],
        access: Access = ANYBODY,
        html: Path | None = HTML,
    ) -> None:
        self._html = html
        self._calls = (status, scrape, healthy)
        self._access = access
        check_installed()
        self._serving = Serving(self._app(), where, access.tls())

    def _app(self) -> "Starlette":
        from starlette.applications import Starlette
        from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse
        from starlette.routing import Route

        status, scrape, healthy = self._calls

        async def page(_: "Request") -> "Response":
            if self._html is None:
                return PlainTextResponse("/status, /metrics, /healthz")
            return HTMLResponse(self._html.read_text(encoding="utf-8"), headers=HEADERS)

        async def shown(_: "Request") -> "Response":
            return JSONResponse(dict(status()), headers=HEADERS)

        async def metrics(_: "Request") -> "Response":
            return PlainTextResponse(scrape(), media_type="text/plain; version=0.0.4")

        async def health(_: "Request") -> "Response":
            fine = healthy()
            return PlainTextResponse("ok" if fine else "no tick", 200 if fine else 503)

        routes = {
            "/": self._guarded(page),
            "/status": self._guarded(shown),
            "/metrics": self._guarded(metrics),
            "/healthz": health,  # says nothing but that a loop turns
        }
        return Starlette(routes=[Route(path, call) for path, call in routes.items()])

    def _guarded(self, call: Answer) -> Answer:
        from starlette.responses import PlainTextResponse

        async def guarded(request: "Request") -> "Response":
            if self._access.admits(request.headers.get("authorization", "")):
                return await call(request)
            asks = {"WWW-Authenticate": 'Basic realm="simcert", charset="UTF-8"'}
            return PlainTextResponse("a token is needed", 401, headers=asks)

        return guarded

    def close(self) -> None:
        """Stop serving."""
        self._serving.close()
