"""A scenario's values become world, plan and evidence by stated rules."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from simcert.errors import InputError
from simcert.policy import discover
from simcert.scenario import Scenario, build, load_scenario, stems
from simcert.scenario.encounters import Meeting
from simcert.scenario.policies import parse
from simcert.scenario.schema import ArrivalsTable
from simcert.world.spec import WorldSpec

CHAINS = Path(next(iter(stems().values()))).parent / "chains"


def scenario(folder: Path, *, old: str = "le_january.pem", extra: str = "") -> Scenario:
    """Return a scenario of one client; `extra` is more TOML."""
    path = folder / "it.toml"
    path.write_text(
        f'summary = "x"\n[certificates]\nold = "{CHAINS / old}"\n'
        f'new = "{CHAINS / "le_february.pem"}"\n'
        f'[[cohort]]\nclient = "gnutls"\nshare = 1.0\ntrust = ["isrg_x1"]\n{extra}'
    )
    return load_scenario(path)


@pytest.mark.parametrize("stem", stems())
def test_every_built_in_scenario_is_a_world_whose_shares_sum_to_1(stem: str) -> None:
    world = build.world(load_scenario(stem))

    assert isinstance(world, WorldSpec)
    assert sum(cohort.share for cohort in world.cohorts) == pytest.approx(1.0)
    assert len({cohort.name for cohort in world.cohorts}) == len(world.cohorts)
    assert all(cohort.encounters[0].from_s == 0.0 for cohort in world.cohorts)


@pytest.mark.parametrize(
    ("connections_per_s", "slices"), [(0.5, 2), (6.0, 2), (100 / 3, 10), (100.0, 20), (1e5, 20)]
)
def test_a_slice_has_a_hundred_connections(connections_per_s: float, slices: int) -> None:
    same = load_scenario("same_ca")
    traffic = replace(same.traffic, connections_per_s=connections_per_s)

    assert build.slices(replace(same, traffic=traffic)) == slices


def test_soak_lasts_as_long_as_anything_may_hide() -> None:
    same = load_scenario("same_ca")
    cohort = load_scenario("rare_segment").cohort[0]
    pulsed = replace(cohort, arrivals=ArrivalsTable(pulse_at_h=2.0))
    long = replace(same.traffic, ticket_life_s=172_800.0)

    assert build.soak_s(same) == 7200.0
    assert build.soak_s(replace(same, cohort=(pulsed,))) == 86_400.0
    assert build.soak_s(replace(same, cohort=(pulsed,), traffic=long)) == 172_800.0
    assert build.soak_s(replace(same, analysis=replace(same.analysis, soak_s=60.0))) == 60.0


def test_the_end_of_the_old_certificate_is_the_first_that_is_known(tmp_path: Path) -> None:
    ends = '[[lifecycle]]\nevent = "expire"\narm = "{}"\nat_s = 3600.0\n'
    told = "[analysis]\nold_until_s = 5400.0\n"  # of a revocation or a distrust, say

    assert build.plan(scenario(tmp_path)).old_until_s is None
    assert build.plan(scenario(tmp_path, extra=ends.format("new"))).old_until_s is None
    assert build.plan(scenario(tmp_path, extra=ends.format("old"))).old_until_s == 3600.0
    assert build.plan(scenario(tmp_path, extra=told + ends.format("old"))).old_until_s == 5400.0


def test_a_client_meets_the_chain_again_when_a_date_passes(tmp_path: Path) -> None:
    given = scenario(tmp_path)
    expires = Meeting.of(given).chains[0].leaf.not_after
    epoch = expires - timedelta(hours=1)
    moved = replace(given, certificates=replace(given.certificates, at=epoch))

    first, *later = build.world(moved).cohorts[0].encounters

    assert first.old.ok
    assert [one.from_s for one in later] == [3601.0]
    assert not later[0].old.ok


@pytest.mark.parametrize("stem", discover())
def test_every_policy_gets_the_detectors_that_it_names(stem: str) -> None:
    same = load_scenario("same_ca")
    rollout = build.rollout(same, parse(stem))

    assert rollout.plan == build.plan(same)
    assert set(build.analyzer_maker(parse(stem))().assessment.readings) <= {
        channel.name for channel in parse(stem).channels()
    }


def test_only_who_needs_the_truth_is_told() -> None:
    same = load_scenario("same_ca")

    assert build.rollout(same, parse("oracle")).view(0.0).truth is not None
    assert build.rollout(same, parse("adaptive")).view(0.0).truth is None


def test_a_prior_is_told_only_where_the_scenario_says_so() -> None:
    missing = load_scenario("android_root_missing")
    told = build.world(replace(missing, analysis=replace(missing.analysis, prior=True))).prior

    assert build.world(missing).prior is None
    assert told is not None
    assert told.affected_share == pytest.approx(0.03)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "is empty"),
        ("hello", 'holds no "BEGIN CERTIFICATE" block'),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "private key"),
        ("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", "base64"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate 1"),
    ],
    ids=["empty", "no_pem", "key_only", "no_base64", "no_der"],
)
def test_an_unusable_chain_is_told_with_its_file(
    tmp_path: Path, content: str, complaint: str
) -> None:
    (tmp_path / "bad.pem").write_text(content)
    given = scenario(tmp_path)
    broken = replace(given, certificates=replace(given.certificates, new="bad.pem"))

    with pytest.raises(InputError) as caught:
        build.world(broken)

    assert "bad.pem" in str(caught.value)
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ("gnutsl", 'unknown client "gnutsl"; did you mean "gnutls"?'),
        ("isrg_x9", 'unknown root "isrg_x9"; did you mean "isrg_x'),
    ],
)
def test_an_unknown_name_is_told_with_the_scenario(
    tmp_path: Path, given: str, complaint: str
) -> None:
    scenario(tmp_path)
    path = tmp_path / "it.toml"
    path.write_text(path.read_text().replace("gnutls" if "gnu" in given else "isrg_x1", given))

    with pytest.raises(InputError) as caught:
        build.world(load_scenario(path))

    assert str(path) in str(caught.value)
    assert complaint in str(caught.value)


def test_an_expired_new_chain_is_flown_as_what_it_is(tmp_path: Path) -> None:
    given = scenario(tmp_path)
    late = Meeting.of(given).chains[1].leaf.not_after.replace(year=2040)
    flown = build.world(replace(given, certificates=replace(given.certificates, at=late)))

    assert not flown.cohorts[0].encounters[0].new.ok


@pytest.mark.parametrize(
    ("old", "extra", "place"),
    [
        ("absent.pem", "", "it.toml:3: certificates.old: "),
        ("le_january.pem", 'pins = ["absent.pem"]\n', "it.toml:9: cohort[0].pins: "),
        ("le_january.pem", '[[cohort]]\nclient = "gnutsl"\nshare = 0.0\n', "cohort[1].client: "),
        (
            "le_january.pem",
            '[population]\nmix = "wbe"\nscale = 0.0\n',
            "it.toml:10: population.mix: ",
        ),
    ],
)
def test_a_file_or_name_that_is_unusable_is_told_with_its_key(
    tmp_path: Path, old: str, extra: str, place: str
) -> None:
    with pytest.raises(InputError, match=re.escape(place)):
        build.world(scenario(tmp_path, old=old, extra=extra))
