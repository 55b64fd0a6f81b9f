"""Every scenario of the library loads, its facts have a source, and who breaks is who should."""

import re
from pathlib import Path

import pytest

from simcert.scenario import load_scenario, stems
from simcert.scenario.cohorts import cohorts
from simcert.scenario.schema import Expect
from simcert.world.spec import Cohort

FOLDER = Path(__file__).parents[2] / "scenarios"
STEMS = sorted(stems())

# share of connections that the new certificate breaks at some moment of the run, by whom
BREAKS = {
    "android_root_missing": (0.03, {"profile:chrome_android_5_6", "profile:app_android_7_0"}),
    "good_flood": (0.03, {"profile:chrome_android_5_6", "profile:app_android_7_0"}),
    "corporate_proxy": (0.003, {"proxy of company A", "proxy of company B"}),
    "cross_sign_dropped": (0.013, {"profile:app_android_5_6", "profile:app_android_7_0"}),
    "delayed_reconnect": (0.2, {"profile:iot_hub_baltimore"}),
    "nightly_iot": (0.06, {"profile:esp32_mbedtls"}),
    "rare_segment": (0.001, {"profile:bcjsse"}),
    "pinned_app": (
        0.07,
        {
            "profile:app_pinned_leaf_android",
            "profile:app_pinned_ca_android",
            "profile:app_pinned_ios",
        },
    ),
    "letsencrypt_2021": (
        0.03,
        {"profile:chrome_android_5_6", "profile:app_android_5_6", "profile:app_android_7_0"},
    ),
}
BREAKS_ABOUT = {  # mixes: the share follows the catalogue
    "intermediate_omitted": (0.35, 0.45),
    "mldsa_only": (0.7, 0.9),
    "rsa_to_ecdsa": (0.007, 0.02),
    "slow_clocks": (0.003, 0.005),
}
GOOD = {
    "same_ca", "same_ca_api", "same_ca_mobile", "same_ca_iot", "regional_outage",
    "scanner_flood", "poisoning",
    "boots_in_1970", "expired_cross_root", "old_expires", "mldsa_dual", "root_distrusted",
}  # fmt: skip


def broken(cohort: Cohort) -> bool:
    return any(one.old.ok and not one.new.ok for one in cohort.encounters)


def test_every_story_of_the_library_is_judged() -> None:
    assert {*BREAKS, *BREAKS_ABOUT, *GOOD} == set(STEMS)


@pytest.mark.parametrize("stem", STEMS)
def test_who_breaks_is_who_should(stem: str) -> None:
    harmed = [one for one in cohorts(load_scenario(stem)) if broken(one)]
    share = sum(one.share for one in harmed)
    if stem in GOOD:
        assert not harmed
    elif stem in BREAKS:
        assert {one.name for one in harmed} == BREAKS[stem][1]
        assert share == pytest.approx(BREAKS[stem][0])
    else:
        low, high = BREAKS_ABOUT[stem]
        assert low < share < high


@pytest.mark.parametrize("stem", STEMS)
def test_every_source_stands_in_the_list_of_sources(stem: str) -> None:
    headings = re.findall(r"^#+ (.+)$", (FOLDER / "SOURCES.md").read_text(), re.M)
    known = {f"SOURCES.md#{heading.lower().replace(' ', '-')}" for heading in headings}
    scenario = load_scenario(stem)
    assert scenario.sources
    assert set(scenario.sources) <= known


@pytest.mark.parametrize("stem", STEMS)
def test_every_scenario_expects_something_and_is_listed(stem: str) -> None:
    assert load_scenario(stem).expect != Expect()
    assert f"`{stem}`" in (FOLDER / "README.md").read_text()


def test_every_chain_is_flown() -> None:
    flown = set()
    for stem in STEMS:
        told = load_scenario(stem).certificates
        flown |= {name for name in (told.old, told.new, told.fallback) if name is not None}
    assert flown == {f"chains/{path.name}" for path in (FOLDER / "chains").glob("*.pem")}


def test_an_expired_cross_sign_hits_both_arms_alike_from_its_second_on() -> None:
    hit = [one for one in cohorts(load_scenario("expired_cross_root")) if len(one.encounters) > 1]
    assert {one.name for one in hit} == {"profile:openssl_101", "profile:openssl_102"}
    for one in hit:
        first, second = one.encounters
        assert second.from_s == 28 * 60 + 38 + 1  # 10:48:38, from 10:20 on
        assert (first.old.ok, first.new.ok, second.old.ok, second.new.ok) == (
            True,
            True,
            False,
            False,
        )


def test_slow_clocks_heal_by_themselves() -> None:
    by_name = {one.name: one for one in cohorts(load_scenario("slow_clocks"))}
    assert [e.new.ok for e in by_name["clock two hours slow"].encounters] == [False, True]
    assert [e.new.ok for e in by_name["clock half a day slow"].encounters] == [False, True]
    assert [e.new.ok for e in by_name["clock weeks slow"].encounters] == [False]


def test_a_fallback_serves_whoever_cannot_use_the_new_key() -> None:
    by_name = {one.name: one for one in cohorts(load_scenario("mldsa_dual"))}
    able = by_name["profile:chrome_desktop_current"].encounters[0]
    other = by_name["profile:ios_26"].encounters[0]
    assert able.new.ok
    assert other.new.ok
    assert able.new.flight_bytes > 10_000 > other.new.flight_bytes


def test_every_scenario_stands_in_the_table_of_stories() -> None:
    table = (FOLDER / "SOURCES.md").read_text().partition("## The stories")[2]
    rows = [line.split("|")[2] for line in table.splitlines() if line.startswith("| S")]
    assert {stem for row in rows for stem in re.findall(r"`(\w+)`", row)} == set(STEMS)
