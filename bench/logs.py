"""Import of terminator logs: lines per second on one core, and memory for a gigabyte."""

import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from bench._results import Bar, write
from simcert.tls.logs import count_hellos

SEED, LINES, HELLOS = 1, 1_000_000, 300
REPEATS = 4  # of the same million lines: together more than a gigabyte, read as one stream


def sample(path: Path, seed: int = SEED) -> int:
    """Write `LINES` lines of the documented format with Zipf-like clients; return their bytes."""
    draw = random.Random(seed)
    suites = [
        "1301",
        "1302",
        "1303",
        "C02B",
        "C02F",
        "C02C",
        "C030",
        "CCA9",
        "CCA8",
        "009C",
        "002F",
    ]
    hellos = ["|".join(_hello(draw, suites)) for _ in range(HELLOS)]
    chosen = draw.choices(hellos, [1.0 / (rank + 1) for rank in range(HELLOS)], k=LINES)
    with path.open("w") as file:
        for number, hello in enumerate(chosen):
            head = f"v2|4711|{number}|arm_old|ok|1764000000.{number % 1000:03d}"
            peer = f"192.0.2.{number % 250}|{1024 + number % 60_000}|{number % 200}"
            agreed = f"0|0|{int(number % 3 == 0)}|TLSv1.3|TLS_AES_128_GCM_SHA256|h2"
            file.write(f'{head}|{peer}|{agreed}|{hello}|"www.example.org"\n')
    return path.stat().st_size


def _hello(draw: random.Random, suites: list[str]) -> list[str]:
    return [
        "".join(draw.sample(suites, draw.randint(6, 11))),
        "".join(f"{draw.randrange(60):04X}" for _ in range(12)),
        "001D00170018",
        "04030804040105030805050108060601",
        "03040303",
    ]


def main() -> None:
    """Measure, print, write `results/bench/logs.json`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "haproxy.log"
        size = sample(path)
        before = _peak_mb()
        began = time.process_time()
        for _ in range(REPEATS):
            with path.open("rb") as log:
                counts = count_hellos(log)
            assert counts.handshakes == LINES, counts
        took_s = time.process_time() - began
    write(
        "logs",
        [
            Bar(
                "lines per second of one core",
                REPEATS * LINES / took_s,
                2e5,
                n=REPEATS,
                at_least=True,
            ),
            Bar("bytes per line of the documented format", size / LINES, 400),
            Bar("peak memory added by reading, MB", _peak_mb() - before, 50),
        ],
        seeds=[SEED],
    )


def _peak_mb() -> float:
    """Return the peak resident memory of this process; Linux tells it in kB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    main()
