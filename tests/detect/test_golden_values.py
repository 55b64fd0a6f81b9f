"""Evidence formulas give the values that independent prototypes printed, to 1e-6."""

import pytest

from simcert.detect import discover
from simcert.detect._projection import project
from simcert.model import Window

BATCHES = ((100, 1900, 5, 38), (200, 1800, 9, 35), (400, 1600, 18, 30))  # n1, n0, f1, f0


def _window(n_new: int, n_old: int, f_new: int, f_old: int) -> Window:
    return Window.of(new=(n_new, f_new), old=(n_old, f_old))


@pytest.mark.parametrize(
    ("restart", "golden"),
    [
        (False, (0.5569982834, 2.2084052110, 5.6766319638)),
        (True, (0.3167888393, 1.6778064298, 5.0766151972)),
    ],
    ids=["A8", "Ar8"],
)
def test_conditional_e(restart: bool, golden: tuple[float, ...]) -> None:
    detector = discover()["conditional_e"](restart=restart)
    for batch, value in zip(BATCHES, golden, strict=True):
        detector.update(_window(*batch))
        assert detector.log_e == pytest.approx(value, abs=1e-9)


def test_conditional_e_of_one_theta() -> None:
    detector = discover()["conditional_e"](restart=False, thetas=(2.0,))
    detector.update(_window(*BATCHES[0]))
    assert detector.log_e == pytest.approx(1.3677588435, abs=1e-9)


def test_block_e() -> None:
    detector = discover()["block_e"](a0=0.02, d=0.02)
    detector.update(_window(*BATCHES[0]))
    assert detector.log_e == pytest.approx(1.3972010, abs=1e-6)


@pytest.mark.parametrize(
    ("delta", "golden", "c"),
    [
        (0.01, 0.18832445, 0.01965954),
        (0.05, 2.59702739, 0.01924113),
        (0.2, 17.50625995, 0.01886674),
    ],
)
def test_noninferiority_e(delta: float, golden: float, c: float) -> None:
    detector = discover()["noninferiority_e"](delta=delta, a=0.02)
    detector.update(_window(100, 1900, 2, 38))
    assert detector.log_e == pytest.approx(golden, abs=1e-6)
    assert project(0.05, 0.02, delta) == pytest.approx(c, abs=1e-6)


def test_segment_e_of_one_segment_is_conditional_e() -> None:
    mass = {"first": 0.8, "later": 0.1, "release": 0.1}
    thetas = (1.3, 2.2, 8.0)
    one = discover()["conditional_e"](thetas=thetas, **mass)
    many = discover()["segment_e"](thetas=thetas, **mass)
    for batch in BATCHES:
        window = _window(*batch)
        one.update(window)
        many.update(window)
        assert many.log_e == pytest.approx(one.log_e, abs=1e-12)
