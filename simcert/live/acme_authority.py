"""Certificates from an ACME server (RFC 8555) by HTTP-01; every chain that it offers is returned.

Which chain to serve is part of the question that a rollout answers, so all alternates come back.
"""

import datetime as dt
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

from simcert.errors import InputError, MachineError
from simcert.live._addresses import address
from simcert.live._keys import key_pem, new_key, request_pem
from simcert.live.haproxy_actuator import write_private

TRIES = 8  # servers reject nonces now and then; the library repeats only once
T = TypeVar("T")


@dataclass(slots=True)
class AcmeAuthority:
    """`directory` is the server's URL; the account key is kept in `account_file` (0600).

    `challenges` is where the answers to challenges are served; your web server must pass
    `/.well-known/acme-challenge/` on port 80 to it. `trust` is a file of roots for the server.
    """

    directory: str
    account_file: Path
    challenges: str = "127.0.0.1:5002"
    trust: Path | None = None
    timeout_s: float = 90.0
    _answers: dict[str, str] = field(default_factory=dict)

    def obtain(self, names: Sequence[str], key_type: str) -> list[str]:
        """Return a bundle per chain: leaf, intermediates, key; the default chain first.

        MachineError if the server cannot be reached, InputError if it refuses the names.
        """
        from acme import errors
        from requests.exceptions import RequestException

        key = new_key(key_type)
        try:
            with _Answering(self.challenges, self._answers):
                order = self._ordered(self._client(), request_pem(key, names))
        except errors.ValidationError as error:
            what = f"the server could not validate {', '.join(names)}: {error.failed_authzrs}"
            raise InputError(f"{self.directory}: {what}") from error
        except (errors.Error, RequestException) as error:
            raise MachineError(f"{self.directory}: {error}") from error
        chains = [order.fullchain_pem, *(order.alternative_fullchains_pem or [])]
        return [chain.rstrip() + "\n" + key_pem(key) for chain in chains]

    def _client(self) -> Any:  # noqa: ANN401 - of a library without types
        from acme import client, messages

        roots: Any = str(self.trust) if self.trust else True  # passed on to requests
        network = client.ClientNetwork(self._account(), user_agent="simcert", verify_ssl=roots)
        network.session.trust_env = False
        directory = client.ClientV2.get_directory(self.directory, network)
        acme = client.ClientV2(directory, network)
        known = messages.NewRegistration.from_data(terms_of_service_agreed=True)
        _again(lambda: _registered(acme, known))
        return acme

    def _account(self) -> Any:  # noqa: ANN401 - of a library without types
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
        from josepy.jwk import JWKRSA

        if not self.account_file.exists():
            write_private(self.account_file, key_pem(new_key("rsa")))
        try:
            return JWKRSA(key=load_pem_private_key(self.account_file.read_bytes(), None))
        except (OSError, ValueError) as error:
            raise InputError(f"{self.account_file}: is no account key: {error}") from error

    def _ordered(self, acme: Any, request: bytes) -> Any:  # noqa: ANN401
        from acme import challenges
        from acme.messages import STATUS_PENDING

        order = _again(lambda: acme.new_order(request))
        for authorization in order.authorizations:
            if authorization.body.status != STATUS_PENDING:
                continue  # the server still remembers an earlier one
            found = [
                one
                for one in authorization.body.challenges
                if isinstance(one.chall, challenges.HTTP01)
            ]
            if not found:
                raise InputError(f"{self.directory}: offers no HTTP-01 challenge")
            answer, text = found[0].response_and_validation(acme.net.key)
            self._answers[found[0].chall.path] = text
            _again(lambda c=found[0], a=answer: acme.answer_challenge(c, a))  # type: ignore[misc]
        deadline = dt.datetime.now() + dt.timedelta(seconds=self.timeout_s)  # noqa: DTZ005 - its way
        order = _again(lambda: acme.poll_authorizations(order, deadline))
        order = _again(lambda: acme.begin_finalization(order))
        return _again(lambda: acme.poll_finalization(order, deadline, True))


def _registered(acme: Any, registration: Any) -> None:  # noqa: ANN401
    from acme import errors

    try:
        acme.new_account(registration)
    except errors.ConflictError as known:  # the account exists: say who we are from now on
        acme.net.account = acme.query_registration(_at(known.location))


def _at(location: str) -> Any:  # noqa: ANN401
    from acme import messages

    return messages.RegistrationResource(uri=location, body=messages.Registration())


def _again(call: Callable[[], T]) -> T:
    """Return what a call gives, repeated while the server dislikes the nonce."""
    from acme import errors, messages

    for _ in range(TRIES - 1):
        try:
            return call()
        except errors.BadNonce:
            continue
        except messages.Error as error:
            if not str(error.typ).endswith("badNonce"):
                raise
    return call()


class _Answering:
    """Serves the answers to challenges while it is open."""

    def __init__(self, where: str, answers: dict[str, str]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                text = answers.get(self.path)
                self.send_response(404 if text is None else 200)
                self.end_headers()
                self.wfile.write((text or "").encode("ascii"))

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        try:
            self._server = ThreadingHTTPServer(address(where), Handler)
        except OSError as error:
            raise MachineError(f"{where}: cannot answer challenges: {error.strerror}") from error
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
