"""Makes what the README shows: outputs of its commands, and figure and table of `make demo`.

- `python docs/refresh.py`: outputs of commands in console blocks
- `python docs/refresh.py results/demo`: figure and table, too
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
FIGURE = ROOT / "docs" / "figures"
BLOCK = re.compile(r"^```console\n\$ (simcert (?:[^\n]*\\\n)*[^\n]*)\n(.*?)^```$", re.M | re.S)
TABLE = re.compile(r"(<!-- demo: .* -->\n).*?(<!-- /demo -->)", re.S)


def outputs(text: str) -> str:
    """Return a page whose console blocks hold what their commands print now."""
    return BLOCK.sub(lambda block: f"```console\n$ {block[1]}\n{output(block[1])}```", text)


def output(command: str) -> str:
    """Return what a command prints in a folder that holds nothing but the scenarios."""
    simcert = [sys.executable, "-c", "from simcert.cli.main import main; main()"]
    words = shlex.split(command.replace("\\\n", " "))[1:]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "scenarios").symlink_to(ROOT / "scenarios")
        call = [*simcert, *words]
        plain = {**os.environ, "NO_COLOR": "1", "COLUMNS": "100"}
        done = subprocess.run(
            call, cwd=folder, env=plain, stdout=subprocess.PIPE, text=True, check=False
        )
    if done.returncode not in (0, 1):
        raise SystemExit(f"{command}: exit code {done.returncode}")
    return "\n".join(line.rstrip() for line in done.stdout.splitlines()) + "\n"


def table(folder: Path) -> str:
    """Return one row a policy: time with the good certificate, harm with the bad ones."""
    from simcert.lab.figures.points import takes_turns
    from simcert.lab.finished import StudyFolder, read
    from simcert.lab.words import between, number, time_to_full

    study = read(folder)
    assert isinstance(study, StudyFolder)
    results = {(r["scenario"], r["policy"]): r for r in study.study["results"]}
    good, *bad = study.about
    head = ["policy", f"time to everybody, `{good}`", *(f"broken a day, `{stem}`" for stem in bad)]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for policy in dict.fromkeys(policy for _, policy in results):
        first = results[good, policy]["minutes_to_full"]["median"]
        cells = [time_to_full(first, in_turns=takes_turns(policy))]
        for stem in bad:
            harm = results[stem, policy]["harmed_connections"]
            limits = between(harm["ci95"], 0.0)
            cells.append(number(harm["mean"]) + (f" ({limits})" if limits else ""))
        lines.append([f"`{policy}`", *cells])
    shown = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    days, seed = study.study["runs"], study.study["seed"]
    return (
        f"{shown}\nMean (95 % interval) of {days} days for each policy and rotation, seed {seed}.\n"
    )


def main(folders: list[str]) -> None:
    """Refresh the README; with the folder of `make demo`, its figure and table."""
    text = outputs(README.read_text())
    for folder in map(Path, folders):
        from simcert.lab import report

        with tempfile.TemporaryDirectory() as made:
            report.write(folder, made)
            FIGURE.mkdir(exist_ok=True)
            (FIGURE / "demo.png").write_bytes((Path(made) / "pareto.png").read_bytes())
        shown = table(folder)
        text = TABLE.sub(lambda found, shown=shown: f"{found[1]}\n{shown}\n{found[2]}", text)
    README.write_text(text)


if __name__ == "__main__":
    main(sys.argv[1:])
