"""Import of terminator logs, matching included: lines per second of one core, and memory."""

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from bench._results import Bar, asked, write

SEED, LINES, HELLOS = 1, 1_000_000, 300
REPEATS = 4  # of the same million lines: together more than a gigabyte


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
        once, path = Path(folder) / "once.log", Path(folder) / "haproxy.log"
        sample(once)
        with path.open("wb") as whole:
            for _ in range(REPEATS):
                whole.write(once.read_bytes())
        size = path.stat().st_size
        done = subprocess.run(
            [sys.executable, "-c", READER, str(path)], capture_output=True, text=True, check=True
        )
    took_s, handshakes, added_mb = json.loads(done.stdout)
    assert handshakes == REPEATS * LINES, done.stdout
    write(
        "logs",
        [
            Bar("lines per second of one core", handshakes / took_s, 2e5, REPEATS, at_least=True),
            Bar("bytes of log", size, 1e9, REPEATS, at_least=True),
            Bar("peak memory added by reading, MB", added_mb, 50, REPEATS),
        ],
        seeds=[SEED],
    )


# A process of its own, and Linux's own count: getrusage would tell the peak of this process, too.
READER = """
import json, re, sys, time
from simcert.lab.population import import_log
peak = lambda: int(re.search("VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 2**10
before, began = peak(), time.process_time()
found = import_log(sys.argv[1])
print(json.dumps([time.process_time() - began, found.counts.handshakes, peak() - before]))
"""


if __name__ == "__main__":
    asked(__doc__)
    main()
