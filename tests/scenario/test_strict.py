"""Wrong input fails at the edge: every fault at once, with line, key and nearest right spelling."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcert.errors import InputError, UnknownNameError
from simcert.scenario import load_scenario, stems
from simcert.scenario.lines import LineFinder

GOOD = """\
summary = "x"
[certificates]
old = "a.pem"
new = "b.pem"
[[cohort]]
client = "gnutls"
share = 1.0
"""


def read(folder: Path, text: str) -> str:
    """Return the complaint about a scenario text."""
    path = folder / "it.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_scenario(path)
    return str(caught.value).replace(str(path), "it.toml")


def test_a_plain_file_is_read_with_defaults(tmp_path: Path) -> None:
    path = tmp_path / "it.toml"
    path.write_text(GOOD)

    scenario = load_scenario(path)

    assert (scenario.stem, scenario.folder) == ("it", tmp_path)
    assert scenario.traffic.horizon_s == 86_400.0
    assert scenario.cohort[0].share == 1.0


def test_all_faults_are_told_at_once_in_order_of_lines(tmp_path: Path) -> None:
    text = """\
sumary = "x"
[certificates]
old = "a.pem"
new = 3
[traffic]
connections_per_s = -1
diurnal = true
[population]
mix = "web"
background = {rate = 0.01, outcome = {close = 0.5}}
[[cohort]]
client = "gnutls"
shar = 0.1
[expect]
end = "completed"
"""
    assert read(tmp_path, text).splitlines() == [
        'it.toml: key "summary" is missing',
        'it.toml:1: sumary: unknown key "sumary"; did you mean "summary"?',
        "it.toml:4: certificates.new: must be a text, got 3",
        "it.toml:6: traffic.connections_per_s: must be in [1e-06, 100_000_000], got -1.0",
        "it.toml:7: traffic.diurnal: must be a number, got true",
        'it.toml:10: population.background.outcome: unknown key "outcome"; '
        'did you mean "outcomes"?',
        'it.toml:11: cohort[0]: key "share" is missing',
        'it.toml:13: cohort[0].shar: unknown key "shar"; did you mean "share"?',
        'it.toml:15: expect.end: unknown value "completed"; did you mean "complete"?',
    ]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("share = 1.0", "share = 0.9"), "shares of cohorts sum to 0.9, must sum to 1"),
        (("share = 1.0", "share = nan"), "it.toml:7: cohort[0].share: must be a number, got nan"),
        (
            ("share = 1.0", "share = 1.0\nbackground = {outcomes = {close = nan}}"),
            "it.toml:8: cohort[0].background.outcomes.close: must be a number, got nan",
        ),
        (("share = 1.0", "share = 1.5"), "must be in [0, 1], got 1.5"),
        (("share = 1.0", "share = 1.0\nname = 7"), "it.toml:8: cohort[0].name: must be a text"),
        (('summary = "x"', 'summary = "x"\nschema = 2'), "this version reads schema 1, got 2"),
        (('summary = "x"', 'summary = "x"\nschema = true'), "must be a whole number, got true"),
        (("[[cohort]]", "[analysis]\nwindow_s = 1e6\n[[cohort]]"), "is longer than the horizon"),
        (("[[cohort]]", "[cohort]"), "must be an array"),
        (("[[cohort]]", '[[fault]]\nkind = "zzz"\n[[cohort]]'), 'unknown fault "zzz"'),
        (('new = "b.pem"', 'new = "b.pem"\nat = "noon"'), "must be a time like"),
        (('new = "b.pem"', 'new = "b.pem"\nat = 2026-01-01T00:00:00'), "must be a time like"),
        (("share = 1.0", "share = 1.0\nbackground = {rate = 0.1, outcomes = {close = 0.5}}"),
         "shares sum to 0.5, must sum to 1"),
        (("share = 1.0", "share = 1.0\nbackground = {rate = 0.1, outcomes = {clos = 1.0}}"),
         'unknown outcome "clos"; did you mean "close"?'),
        (("share = 1.0", 'share = 1.0\nbackground = {outcomes = {"alert:unknwon_ca" = 1.0}}'),
         'did you mean "alert:unknown_ca"?'),
        (("[[cohort]]", '[[fault]]\nkind = "middlebox"\noutcome = "hnag"\n[[cohort]]'),
         'fault[0].outcome: unknown outcome "hnag"; did you mean "hang"?'),
        (("[[cohort]]", "[traffic]\nhorizon_s = inf\n[[cohort]]"),
         "must be in [1, 31_622_400], got inf"),
    ],
)  # fmt: skip
def test_a_fault_names_key_and_limit(
    tmp_path: Path, change: tuple[str, str], complaint: str
) -> None:
    assert GOOD.count(change[0]) >= 1

    said = read(tmp_path, GOOD.replace(*change))

    assert complaint in said
    assert "\n" not in said  # one mistake, one message


def test_cohorts_of_one_name_are_told_apart(tmp_path: Path) -> None:
    halves = GOOD.replace("share = 1.0", "share = 0.5")
    twice = halves + '[[cohort]]\nclient = "gnutls"\nshare = 0.5\n'

    assert 'second cohort named "gnutls"' in read(tmp_path, twice)


@pytest.mark.parametrize("text", ["summary = ", "\x00", "[a\n"])
def test_what_is_no_toml_is_told_in_one_line(tmp_path: Path, text: str) -> None:
    complaint = read(tmp_path, text)

    assert "is not TOML" in complaint
    assert "\n" not in complaint


def test_unknown_scenario_offers_the_nearest() -> None:
    first = next(iter(stems()))

    with pytest.raises(UnknownNameError, match=f'did you mean "{first}"'):
        load_scenario(first[:-1])


def test_a_path_too_long_for_any_file_is_no_scenario() -> None:
    with pytest.raises(InputError, match=r"no such scenario file \(File name too long"):
        load_scenario(f"{'x' * 5000}.toml")


def test_absent_file_is_told_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.toml: no such scenario file"):
        load_scenario(tmp_path / "gone.toml")


@given(st.lists(st.sampled_from(["[t]", "[[a]]", "k = 1", '"q r" = 2', "", "# c = 1"])))
def test_lines_are_those_of_the_text(lines: list[str]) -> None:
    finder = LineFinder.scan("\n".join(lines))

    for path, number in finder.at.items():
        last = path.rpartition(".")[2].partition("[")[0]
        assert last in lines[number - 1]


def test_keys_inside_multi_line_texts_are_not_taken_for_keys() -> None:
    text = 'a = """\n[traffic]\nb = 1\n"""\nc = 2\n'

    assert LineFinder.scan(text).at == {"a": 1, "c": 5}
