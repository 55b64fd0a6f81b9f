"""What the documents show works: examples run, links lead somewhere, commands exist."""

import ast
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from runpy import run_path

import pytest

from simcert.cli.main import cli
from simcert.scenario import build, load_scenario, policies

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("scenarios/*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|(?:src|href|srcset)=\"([^\"]+)\"")


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(), re.M | re.S)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_links_lead_to_files(path: Path) -> None:
    for match in LINK.finditer(path.read_text()):
        target = (match[1] or match[2]).partition("#")[0]
        if target and "://" not in target and not target.startswith("mailto:"):
            assert (path.parent / target).exists(), f"{name_of(path)} links to {target}"


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_anchors_are_headings(path: Path) -> None:
    for match in LINK.finditer(path.read_text()):
        target, _, anchor = (match[1] or match[2]).partition("#")
        page = path.parent / target if target else path
        if anchor and page.suffix == ".md":
            assert anchor in anchors(page), f"{name_of(path)} links to #{anchor}"


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def commands(path: Path) -> Iterator[list[str]]:
    for block in blocks(path, "(?:sh|console|text)"):
        for line in block.replace("\\\n", " ").splitlines():
            line = line.strip().removeprefix("$ ")
            if line.startswith("simcert "):
                yield shlex.split(line.partition(" #")[0].partition(" > ")[0])[1:]


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_commands_parse(path: Path) -> None:
    """Each command and option that a page shows exists, with values of the right kind."""
    import click

    for words in commands(path):
        with click.Context(cli, info_name="simcert") as outer:
            command = cli.get_command(outer, words[0])
            assert command is not None, f"{name_of(path)}: simcert {words[0]}"
            if {"--help", "-h"} & {*words}:
                continue
            try:
                command.make_context(words[0], words[1:], parent=outer)
            except click.UsageError as error:
                pytest.fail(f"{name_of(path)}: simcert {shlex.join(words)}: {error}")


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_python_is_python(path: Path) -> None:
    for block in blocks(path, "python"):
        ast.parse(block)


def test_the_policy_of_the_guide_conforms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from simcert.checks import judge_policy_file

    policy, judging = blocks(ROOT / "docs" / "add-a-policy.md", "python")
    (tmp_path / "step_back.py").write_text(policy)
    monkeypatch.chdir(tmp_path)

    exec(compile(judging, "guide", "exec"), {})

    assert capsys.readouterr().out.count("True") > 5
    failed = [r for r in judge_policy_file(tmp_path / "step_back.py") if not r.passed]
    assert failed == []


def test_the_detector_of_the_guide_conforms() -> None:
    detector, judging = blocks(ROOT / "docs" / "add-a-detector.md", "python")
    scope: dict[str, object] = {"__name__": "guide"}

    exec(compile(detector, "guide", "exec"), scope)
    exec(compile(judging, "guide", "exec"), scope)


@pytest.mark.parametrize("page", ["add-a-scenario.md"])
def test_the_scenario_of_the_guide_loads(page: str, tmp_path: Path) -> None:
    (text,) = blocks(ROOT / "docs" / page, "toml")
    (tmp_path / "chains").symlink_to(ROOT / "scenarios" / "chains")
    (tmp_path / "our_renewal.toml").write_text(text)

    spec = build.world(load_scenario(tmp_path / "our_renewal.toml"))

    assert sum(cohort.share for cohort in spec.cohorts) == pytest.approx(1.0)


def test_citation_names_this_version() -> None:
    import simcert

    text = (ROOT / "CITATION.cff").read_text()
    assert re.search(r"^version: (.+)$", text, re.M)[1] == simcert.__version__  # type: ignore[index]
    assert "license: Apache-2.0" in text
    assert "Apache License" in (ROOT / "LICENSE").read_text()


def test_the_readme_shows_what_its_commands_print() -> None:
    """`python docs/refresh.py` mends it; a changed decision then shows in the diff."""
    namespace = run_path(str(ROOT / "docs" / "refresh.py"), run_name="refresh")
    text = (ROOT / "README.md").read_text()

    assert namespace["outputs"](text) == text
    assert len(namespace["BLOCK"].findall(text)) >= 2


def test_the_tuned_policy_does_what_the_page_says() -> None:
    """Better than its defaults in at least half of the library, worse nowhere, and it flies."""
    folder = ROOT / "results" / "tune" / "kayenta"
    found = json.loads((folder / "tune.json").read_text())["chosen"]
    verdicts = [one["verdict"] for one in found["scenarios"]]
    better, n = verdicts.count("better"), len(verdicts)

    assert 2 * better >= n >= 20
    assert "worse" not in verdicts
    assert f"surely better in {better} of {n}, surely worse in none" in (
        (ROOT / "docs" / "tune.md").read_text().replace("**", "")
    )
    policy = policies.parse(folder / "chosen.toml")
    for name, value in found["params"].items():
        asked = getattr(policy, name)
        assert (list(asked) if isinstance(asked, tuple) else asked) == value
