"""Measure the bars: `python -m bench.evidence [--bar K ...]`; resumes where it stopped.

Writes results/evidence/bar_K.json after every figure; exit 1 if a bar is missed. All bars but the
first take about 20 minutes of one core, the library in bar 3 as long for three rounds more, and the
280,000 null campaigns of bar 1 about 100 minutes. `--kept` flies nothing and writes what is there.
"""

import argparse
import sys
from contextlib import suppress

from bench.evidence import cells, record
from bench.evidence.bars import BARS


def main() -> int:
    """Return 0 if all measured bars are kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bar", type=int, action="append", choices=sorted(BARS))
    parser.add_argument("--kept", action="store_true", help="fly nothing, write what is there")
    args = parser.parse_args()
    asked = args.bar or list(BARS)
    cells.only_kept = args.kept
    kept = True
    for k in asked:
        record.progress(f"bar {k}: {(BARS[k].__doc__ or '').strip()}")
        bars: dict[str, record.Bar] = {}
        with suppress(cells.NotFlownError):
            for bar in BARS[k]():
                print(bar, flush=True)
                bars[bar.bar] = bar  # a figure with more campaigns replaces the one before
                record.write(f"bar_{k}", list(bars.values()))
        kept = kept and all(bar.passed for bar in bars.values())
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
