"""A Starlette application in a thread of its own; MachineError if it cannot serve."""

import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simcert.errors import MachineError
from simcert.live._addresses import address

if TYPE_CHECKING:
    from starlette.applications import Starlette

_START_S = 10.0


class Serving:
    """Serves `app` at `where` until `close`."""

    def __init__(self, app: "Starlette", where: str, tls: Mapping[str, Any] | None = None) -> None:
        import uvicorn

        host, port = address(where)
        config = uvicorn.Config(
            app,
            host,
            port,
            log_level="critical",
            access_log=False,
            lifespan="off",
            server_header=False,
            limit_concurrency=100,
            timeout_keep_alive=5,
            **(tls or {}),
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._thread.start()
        end = time.monotonic() + _START_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > end:
                raise MachineError(f"{where}: cannot serve here; is the address free?")
            time.sleep(0.02)

    def _run(self) -> None:
        try:
            self._server.run()
        except SystemExit:  # uvicorn's way to say that the address is taken
            return

    def close(self) -> None:
        """Stop serving."""
        self._server.should_exit = True
        self._thread.join(3.0)


def check_installed() -> None:
    """Raise MachineError without the extra `live`."""
    try:
        import starlette
        import uvicorn
    except ImportError as error:
        raise MachineError("pages and reports need: pip install 'simcert[live]'") from error
    del starlette, uvicorn
