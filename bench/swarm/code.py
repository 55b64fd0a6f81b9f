"""A name of the code that a swarm flies: of the modules that it loads, and of nothing else.

A change anywhere else (a report, a command) leaves a campaign of some hours as good as it was.
"""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

HOME = Path(__file__).parent.parent.parent
LOOK = """
import sys
from bench.swarm import plants
from bench.swarm.flight import POLICIES, fly
[fly(seed) for seed in range(len(POLICIES))]
own = [one for name, one in sys.modules.items() if name.split(".")[0] in ("bench", "simcert")]
print(*{one.__file__ for one in own if one.__file__}, sep="\\n")
"""


def flown() -> list[str]:
    """Return the files that a process of its own has loaded after a seed of every policy.

    Some modules are loaded by their stem in flight, so no list of imports tells them.
    """
    call = [sys.executable, "-c", LOOK]
    done = subprocess.run(call, cwd=HOME, capture_output=True, text=True, check=True, timeout=300)
    return sorted(Path(line).relative_to(HOME).as_posix() for line in done.stdout.splitlines())


def digest(files: list[str], home: Path = HOME) -> str:
    """Return one digest over names and contents of these files."""
    made = sha256()
    for name in files:
        made.update(f"{name}\0".encode())
        made.update(sha256((home / name).read_bytes()).digest())
    return made.hexdigest()[:16]
