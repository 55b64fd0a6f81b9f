"""Redis in memory: the commands that simcert sends, and clients to which everything happens.

A request or an answer is lost, a request arrives much later, an answer is old or garbled, the
server is down or forgets everything, and the process that asked crashes or sleeps in mid-call.
"""

from collections.abc import Callable
from random import Random
from typing import Any

from redis.exceptions import ConnectionError as Unreachable
from redis.exceptions import TimeoutError as Unanswered

from simcert.control.orders import Order
from simcert.live import redis_store

READS = ("HMGET", "HGET", "HGETALL", "LRANGE")


class Server:
    """Keys and values; `written` hears of every change of a key."""

    def __init__(self, written: Callable[[str, str], None]) -> None:
        self.written = written
        self.down = False
        self.clear()

    def clear(self) -> None:
        """Forget everything, as a Redis without a disk does when it dies."""
        self.hashes: dict[str, dict[str, str]] = {}
        self.lists: dict[str, list[str]] = {}
        self.scores: dict[str, dict[str, int]] = {}
        self.before: dict[str, dict[str, str]] = {}

    def run(self, name: str, *args: Any) -> Any:
        """Return what a command gives."""
        return getattr(self, f"_{name.lower()}")(*args)

    def stale(self, name: str, *args: Any) -> Any:
        """Return what a replica that lags behind would say."""
        found, self.hashes = self.hashes, {**self.hashes, **self.before}
        try:
            return self.run(name, *args)
        finally:
            self.hashes = found

    def _eval(self, script: str, _keys: int, key: str, value: str, known: int) -> int:
        if script == redis_store._APPEND:
            here = self.lists.setdefault(key, [])
            if len(here) != known:
                return 0
            here.append(value)
            self.written(key, value)
            return len(here)
        assert script == redis_store._SET
        have = self.hashes.get(key, {})
        version = int(have.get("version", 0))
        if version != known:
            return 0
        if have and not _renewed(have["value"], value):
            self.before[key] = have
        self.hashes[key] = {"value": value, "version": str(version + 1)}
        self.written(key, value)
        return 1

    def _llen(self, key: str) -> int:
        return len(self.lists.get(key, ()))

    def _lrange(self, key: str, _first: int, _last: int) -> list[str]:
        return [*self.lists.get(key, ())]

    def _hmget(self, key: str, *names: str) -> list[str | None]:
        return [self.hashes.get(key, {}).get(one) for one in names]

    def _hget(self, key: str, name: str) -> str | None:
        return self.hashes.get(key, {}).get(name)

    def _hgetall(self, key: str) -> dict[str, str]:
        return dict(self.hashes.get(key, {}))

    def _hsetnx(self, key: str, name: str, value: str) -> int:
        here = self.hashes.setdefault(key, {})
        if name in here:
            return 0
        here[name] = value
        return 1

    def _expire(self, _key: str, _seconds: int) -> int:
        return 1

    def _zadd(self, key: str, score: int, member: int) -> int:
        self.scores.setdefault(key, {})[str(member)] = score
        return 1

    def _zrangebyscore(self, key: str, first: int, *_: object) -> list[str]:
        here = self.scores.get(key, {})
        return sorted((one for one, n in here.items() if n >= first), key=here.__getitem__)

    def _zremrangebyscore(self, key: str, _low: str, high: str) -> int:
        here = self.scores.get(key, {})
        gone = [one for one, n in here.items() if n < int(high[1:])]
        for one in gone:
            del here[one]
        return len(gone)


class Client:
    """One process's connection; `mishap` may raise, or let the world go on meanwhile."""

    def __init__(
        self,
        server: Server,
        dice: Random,
        risk: dict[str, float],
        mishap: Callable[[], None],
        later: Callable[[Callable[[], object]], None],
    ) -> None:
        self.server, self.dice, self.risk = server, dice, risk
        self.mishap, self.later = mishap, later

    def execute_command(self, name: str, *args: Any) -> Any:
        """Run one command, as far as chance allows."""
        (found,) = self._carried([(name, *args)])
        return found

    def _carried(self, commands: list[tuple[Any, ...]]) -> list[Any]:
        self.mishap()
        if self.server.down or self._happens("lost"):
            raise Unreachable("lost")
        if self._happens("late"):
            self.later(lambda: [self.server.run(*one) for one in commands])
            raise Unanswered("late")
        read = commands[0][0] in READS
        run = self.server.stale if read and self._happens("stale") else self.server.run
        found = [run(*one) for one in commands]
        self.mishap()
        if self._happens("deaf"):
            raise Unanswered("answer lost")
        return [self._garbled(one) for one in found] if read and self._happens("garbled") else found

    def _happens(self, what: str) -> bool:
        chance = self.risk.get(what, 0.0)
        return chance > 0.0 and self.dice.random() < chance

    def _garbled(self, found: Any) -> Any:
        if isinstance(found, str) and found:
            at = self.dice.randrange(len(found))
            return found[:at] + "?" + found[at + 1 :]
        if isinstance(found, dict):
            return {name: self._garbled(one) for name, one in found.items()}
        if isinstance(found, list) and found and found[-1] is not None:
            at = self.dice.randrange(len(found)) if len(found) != 2 else 0  # never a version
            return [*found[:at], self._garbled(found[at]), *found[at + 1 :]]
        return found

    def pipeline(self, transaction: bool) -> "Pipeline":
        """Return several commands in one round trip."""
        assert not transaction
        return Pipeline(self)

    def close(self) -> None:
        """Nothing is open."""


class Pipeline:
    """Commands that travel together."""

    def __init__(self, client: Client) -> None:
        self.client, self.commands = client, []

    def __enter__(self) -> "Pipeline":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def execute_command(self, *command: Any) -> None:
        """Add a command."""
        self.commands.append(command)

    def execute(self) -> list[Any]:
        """Run them all."""
        return self.client._carried(self.commands) if self.commands else []


def _renewed(before: str, after: str) -> bool:
    """Return whether an order says what it said before: a replica may lag behind a change of it."""
    old, new = Order.read(before), Order.read(after)
    return old is not None and new is not None and old.exposure == new.exposure
