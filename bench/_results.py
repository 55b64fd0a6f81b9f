"""How benchmarks and proofs are written down: `results/<folder>/<name>.json`, bars with limits."""

import argparse
import json
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib import metadata
from os import cpu_count
from pathlib import Path

HOME = Path(__file__).parent.parent
PACKAGES = ("simcert", "simpy", "numpy", "scipy", "pandas", "joblib", "click")


@dataclass(frozen=True)
class Bar:
    """A measured figure and its limit: an upper one, or a lower one where `at_least`."""

    bar: str
    value: float
    limit: float
    n: int = 1
    at_least: bool = False

    @property
    def passed(self) -> bool:
        """Whether the figure keeps its limit."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def __str__(self) -> str:
        sign, word = (">=" if self.at_least else "<="), ("ok" if self.passed else "MISSED")
        return f"{self.bar:58s} {self.value:12.4g} {sign} {self.limit:<10.4g} {word}"


def asked(about: str | None, **counts: int) -> list[int]:
    """Parse the command line of a benchmark; return its optional counts, in their order.

    A benchmark without counts takes none; `--help` never starts one.
    """
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, usual in counts.items():
        parser.add_argument(name, nargs="?", type=int, default=usual, help=f"default: {usual}")
    found = parser.parse_args()
    return [getattr(found, name) for name in counts]


def write(
    name: str, bars: Sequence[Bar], seeds: Sequence[int], policy: str = "", folder: str = "bench"
) -> None:
    """Print the bars and write them; the command is how this very module was called."""
    place = "bench" if folder == "bench" else f"bench.{folder}"
    command = " ".join(["python -m", f"{place}.{name}", *sys.argv[1:]])
    print(*bars, sep="\n")
    entries = [
        {
            **{k: v for k, v in asdict(bar).items() if k != "at_least"},
            "passed": bar.passed,
            "seeds": list(seeds),
            "command": command,
        }
        for bar in bars
    ]
    result = {
        "name": name,
        "bars": entries,
        "machine": machine(),
        "versions": {"python": platform.python_version(), **versions()},
        "policy_digest": digest(policy),
    }
    path = HOME / "results" / folder / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def machine() -> dict[str, object]:
    """Return what of the machine matters for a ratio."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8") if sys.platform == "linux" else ""
    models = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return {"cpu": models[0] if models else platform.machine(), "cores": cpu_count()}


def versions() -> dict[str, str]:
    """Return the versions of the packages that decide speed and streams."""
    found = {d.metadata["Name"].lower(): d.version for d in metadata.distributions()}
    return {name: found[name] for name in PACKAGES if name in found}


def digest(policy: str) -> str | None:
    """Return a digest of a policy's parameters and of all code that it rests on."""
    if not policy:
        return None
    from simcert.lab.manifest import code_digest
    from simcert.scenario import policies

    return sha256(f"{policies.parse(policy)!r} {code_digest()}".encode()).hexdigest()
