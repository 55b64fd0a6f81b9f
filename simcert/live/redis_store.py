"""Shared state in Redis: an append-only journal, small values with compare-and-set.

The client never repeats a call by itself (its default would, and count twice); a call that may have
been carried out, or not, is a MachineError, and whoever called looks again.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from simcert.errors import InputError, MachineError
from simcert.live._public import public

_SET = """
local version = tonumber(redis.call('HGET', KEYS[1], 'version') or '0')
if version ~= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], 'value', ARGV[1], 'version', version + 1)
return 1
"""
_APPEND = """
if redis.call('LLEN', KEYS[1]) ~= tonumber(ARGV[2]) then return 0 end
return redis.call('RPUSH', KEYS[1], ARGV[1])
"""


@dataclass(slots=True)
class RedisStore:
    """Keys begin with `{rollout}:`, so that all of them lie in one slot of a cluster."""

    url: str
    rollout: str
    timeout_s: float = 2.0
    _redis: Any = field(init=False, repr=False)
    _length: int = field(default=-1, init=False)  # of the journal, as we know it
    overtaken: bool = field(default=False, init=False)  # the journal holds what we have not read

    def __post_init__(self) -> None:
        try:
            import redis
        except ImportError as error:
            raise MachineError("Redis needs: pip install 'simcert[live]'") from error
        wait = {"socket_timeout": self.timeout_s, "socket_connect_timeout": self.timeout_s}
        try:
            self._redis = redis.Redis.from_url(self.url, decode_responses=True, retry=None, **wait)
        except ValueError as error:
            raise InputError(f"{public(self.url)}: is no URL of a Redis") from error

    def key(self, name: str) -> str:
        """Return the full key of a name."""
        return f"{{{self.rollout}}}:{name}"

    def call(self, name: str, *arguments: object) -> Any:  # noqa: ANN401 - as Redis answers
        """Return what one command gives; MachineError for every trouble."""
        from redis.exceptions import RedisError

        try:
            return self._redis.execute_command(name, *arguments)
        except (RedisError, OSError) as error:
            raise MachineError(f"redis {name}: {error}") from error

    def together(self, commands: Sequence[tuple[object, ...]]) -> list[Any]:
        """Return what several commands give, in one round trip."""
        from redis.exceptions import RedisError

        try:
            with self._redis.pipeline(transaction=False) as pipeline:
                for one in commands:
                    pipeline.execute_command(*one)
                found: list[Any] = pipeline.execute()
                return found
        except (RedisError, OSError) as error:
            raise MachineError(f"redis: {error}") from error

    def append(self, entry: Mapping[str, Any]) -> None:
        """Add an entry behind all that we know; MachineError if somebody else added one before."""
        if self._length < 0:
            self._length = int(self.call("LLEN", self.key("journal")))
        line = sealed(json.dumps(entry, separators=(",", ":"), allow_nan=False))
        done = self.call("EVAL", _APPEND, 1, self.key("journal"), line, self._length)
        if not done:
            self.overtaken = True
            raise MachineError("redis: another controller wrote into the journal")
        self._length = int(done)

    def entries(self) -> list[dict[str, Any]]:
        """Return the whole journal; InputError if something else lies there."""
        lines = self.call("LRANGE", self.key("journal"), 0, -1)
        self._length, self.overtaken = len(lines), False
        try:
            return [json.loads(opened(line)) for line in lines]
        except ValueError as error:
            where = self.key("journal")
            raise InputError(
                f"{where}: an entry is not JSON: {error}; who writes there?"
            ) from error

    def get(self, key: str) -> tuple[str | None, int]:
        """Return value and version; (None, 0) if absent."""
        value, version = self.call("HMGET", self.key(key), "value", "version")
        return value, int(version or 0)

    def get_all(self, keys: Sequence[str]) -> list[str | None]:
        """Return the values of several keys, in one round trip."""
        return list(self.together([("HGET", self.key(one), "value") for one in keys]))

    def compare_and_set(self, key: str, value: str, version: int) -> bool:
        """Set the value if its version is still the given one."""
        return bool(self.call("EVAL", _SET, 1, self.key(key), value, version))

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()


def sealed(text: str) -> str:
    """Return a text behind its checksum: what the way garbled must not look like evidence."""
    return f"{crc32(text.encode()):08x} {text}"


def opened(text: str) -> str:
    """Return the text that was sealed; ValueError if it is another one now."""
    seal, _, inner = text.partition(" ")
    if seal != f"{crc32(inner.encode()):08x}":
        raise ValueError(f"checksum {seal[:8]!r} does not fit")
    return inner
