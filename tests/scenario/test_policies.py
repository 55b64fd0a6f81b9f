"""A policy is named by stem, by stem and parameters, or by file; its own dataclass checks both."""

from dataclasses import fields
from pathlib import Path

import pytest

from simcert.control.journal import stem as stem_of
from simcert.errors import InputError, UnknownNameError
from simcert.model import Policy
from simcert.policy import discover
from simcert.scenario import policies


@pytest.mark.parametrize("stem", discover())
def test_every_stem_is_a_policy_with_defaults(stem: str) -> None:
    policy = policies.parse(stem)

    assert isinstance(policy, Policy)
    assert stem_of(policy) == policies.label(stem) == stem


def test_parameters_are_typed_by_the_policy() -> None:
    policy = policies.parse("fixed_linear:step=0.5,every_s=600")

    assert (policy.step, policy.every_s) == (0.5, 600.0)  # type: ignore[attr-defined]


def test_a_file_means_what_the_text_means(tmp_path: Path) -> None:
    path = tmp_path / "slow.toml"
    path.write_text('policy = "fixed_linear"\nstep = 0.5\n')

    assert policies.parse(path) == policies.parse("fixed_linear:step=0.5")
    assert policies.label(path) == "slow"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("fixed_linear:stpe=0.5", 'unknown key "stpe"; did you mean "step"?'),
        ("fixed_linear:step=fast", "must be a number"),
        ("fixed_linear:step=true", "must be a number, got true"),
        ("fixed_linear:step", "is not key=value"),
        ("gone.toml", "gone.toml: cannot be read"),
    ],
)
def test_bad_parameters_are_told(text: str, complaint: str) -> None:
    with pytest.raises(InputError) as caught:
        policies.parse(text)

    assert complaint in str(caught.value)


def test_unknown_policy_offers_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match='unknown policy "adaptve"; did you mean "adaptive"'):
        policies.parse("adaptve")


def test_a_file_without_policy_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text("step = 0.5\n")

    with pytest.raises(InputError, match='key "policy" is missing'):
        policies.parse(path)


def test_a_file_s_faults_have_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('policy = "fixed_linear"\nstpe = 0.5\n')

    with pytest.raises(InputError, match=r"x\.toml:2: stpe: unknown key"):
        policies.parse(path)


def test_commas_in_brackets_belong_to_the_value() -> None:
    assert policies._split("a=[1,2],b=3") == ["a=[1,2]", "b=3"]


NUMBERS = [
    (stem, one.name)
    for stem, cls in discover().items()
    for one in fields(cls)
    if isinstance(one.default, int | float) and not isinstance(one.default, bool)
]


@pytest.mark.parametrize(("stem", "name"), NUMBERS)
def test_no_number_is_unbounded(stem: str, name: str) -> None:
    signed = (stem, name) == ("risk_of_ruin", "prior_mean")
    for value in ("nan", "inf", "-inf") if signed else ("nan", "-inf", "-1", "-1.0"):
        with pytest.raises(InputError, match=rf"^{stem}:{name}={value}: {name}: must be "):
            policies.parse(f"{stem}:{name}={value}")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("adaptive:alpha=2", "alpha: must be in (0, 1), got 2.0"),
        ("adaptive:alpha=0", "alpha: must be in (0, 1), got 0.0"),
        ("adaptive:top=1.5", "top: must be in (0, 1], got 1.5"),
        ("adaptive_retry:cool_down_s=0", "cool_down_s: must be more than 0, got 0.0"),
        ("kayenta:steps=[0.1,2.0]", "steps: must be in (0, 1], got 2.0"),
        ("fixed_linear:every_s=0", "every_s: must be more than 0, got 0.0"),
        ("fixed_linear:every_s=inf", "every_s: must be a finite number, got inf"),
    ],
)
def test_a_number_out_of_bounds_is_told_with_its_range(text: str, complaint: str) -> None:
    with pytest.raises(InputError) as caught:
        policies.parse(text)

    assert str(caught.value) == f"{text}: {complaint}"


def test_empty_parameters_are_none() -> None:
    assert policies.label("adaptive:") == "adaptive"
    assert policies.parse("adaptive:") == policies.parse("adaptive")
