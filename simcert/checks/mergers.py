"""What a detector owes that offers `merge`; one that does not offer it passes."""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from math import comb, exp, isclose

from simcert.checks.detectors import slice_of
from simcert.model import Detector, Mergeable, Window

EXPOSURES = ((0.05, 0.1, 0.3, 0.1), (0.2, 0.2, 0.05, 0.2), (0.1, 0.4, 0.4, 0.4))
ROUNDING = 1e-9


def check_mergers_have_no_order(cls: type[Detector]) -> None:
    """Who is merged with whom first makes no difference, at once and while windows follow."""
    if not _merges(cls):
        return
    a, b, c = (_fed(cls, source) for source in range(3))
    merged = a.merge(b).merge(c), c.merge(a.merge(b)), a.merge(b.merge(c))
    for windows in ([], *([window] for window in _source(0, 30, 36))):
        for one, window in product(merged, windows):
            one.update(window)
        _assert_alike(merged[0], merged[1])
        _assert_alike(merged[0], merged[2])


def check_a_fresh_detector_changes_nothing(cls: type[Detector]) -> None:
    """Who has seen nothing yet adds nothing, on either side."""
    if not _merges(cls):
        return
    seen, fresh = _fed(cls, 0), _fresh(cls)
    for merged in (seen.merge(fresh), fresh.merge(seen)):
        twin = _fed(cls, 0)
        _assert_alike(merged, twin)
        for window in _source(0, 30, 36):
            merged.update(window)
            twin.update(window)
            _assert_alike(merged, twin)


def check_a_merger_counts_all_units_once(cls: type[Detector]) -> None:
    """The units that a reading rests on add up."""
    if not _merges(cls):
        return
    a, b = _fed(cls, 0), _fed(cls, 1)
    wanted = a.reading().n + b.reading().n
    n = a.merge(b).reading().n
    assert n == wanted, f"{n} units of {a.reading().n} and {b.reading().n}"


def check_a_merger_leaves_its_sources_alone(cls: type[Detector]) -> None:
    """It is a new detector: neither it nor what it learns later shows in the two it came from."""
    if not _merges(cls):
        return
    a, b = _fed(cls, 0), _fed(cls, 1)
    before = json.dumps([a.to_dict(), b.to_dict()])
    merged = a.merge(b)
    for window in _source(2, 30, 42):
        merged.update(window)
    assert json.dumps([a.to_dict(), b.to_dict()]) == before


def check_a_merger_survives_json(cls: type[Detector]) -> None:
    """After a merger, and any window that follows, it can be saved and restored."""
    if not _merges(cls):
        return
    merged: Detector = _fed(cls, 0).merge(_fed(cls, 1))
    twin = merged
    for window in _source(0, 30, 42):
        twin = cls.from_dict(json.loads(json.dumps(twin.to_dict(), allow_nan=False)))
        assert (merged.log_e, merged.reading()) == (twin.log_e, twin.reading())
        merged.update(window)
        twin.update(window)


def check_merged_evidence_is_evidence(cls: type[Detector]) -> None:
    """If the certificate changes nothing exp(log_e) has mean 1 at most, after a merger as before.

    By enumeration of all outcomes of two sources and of a window after them, of units that fail
    with one probability. Exposures are lowered where it looks bad. Evidence about another question,
    which exceeds 1 by itself, is not judged.
    """
    if not _merges(cls):
        return
    alone = [(p, _bet(_fresh(cls), 0, 3, 3, bad)) for bad, p in _outcomes(3, 3)]
    if not any(one.log_e for _, one in alone) or _mean(alone) > 1.0 + ROUNDING:
        return
    merged = [
        (p * q * r, _bet(one.merge(_bet(_fresh(cls), 0, n_new, 3, bad)), 1, 5 - n_new, 3, then))
        for p, one in alone
        for n_new in [1 if one.log_e > 0.0 else 3]
        for bad, q in _outcomes(n_new, 3)
        for then, r in _outcomes(5 - n_new, 3)
    ]
    mean = _mean(merged)
    assert mean <= 1.0 + ROUNDING, f"mean {mean} of exp(log_e) of what was merged"


def _bet(one: Mergeable, k: int, n_new: int, n_old: int, bad: tuple[int, int]) -> Mergeable:
    """Let a detector see one small window more."""
    new, old = (n_new, bad[0]), (n_old, bad[1])
    one.update(Window.of(new=new, old=old, start_s=60.0 * k, end_s=60.0 * (k + 1)))
    return one


def _outcomes(n_new: int, n_old: int, q: float = 0.3) -> Iterator[tuple[tuple[int, int], float]]:
    """Yield all (failed new, failed old) with their probability."""
    for i, j in product(range(n_new + 1), range(n_old + 1)):
        chance = comb(n_new, i) * comb(n_old, j) * q ** (i + j)
        yield (i, j), chance * (1.0 - q) ** (n_new + n_old - i - j)


def _mean(outcomes: list[tuple[float, Mergeable]]) -> float:
    return sum([p * exp(one.log_e) for p, one in outcomes])


def _source(source: int, first: int, end: int) -> Iterator[Window]:
    """Yield slices of one of three regions: other exposures, sizes and rates, the same clock."""
    for k in range(first, end):
        exposure = EXPOSURES[source][k // 6 % 4]
        window = slice_of(k, exposure, 0.02, 0.02 + 0.01 * source, 900 + 300 * source)
        names = ("app", "browser", "kiosk") if source == 2 else window.segments
        yield replace(window, segments=names)


def _fresh(cls: type[Detector]) -> Mergeable:
    detector = cls()
    assert isinstance(detector, Mergeable)
    return detector


def _fed(cls: type[Detector], source: int) -> Mergeable:
    detector = _fresh(cls)
    for window in _source(source, 0, 30):
        detector.update(window)
    return detector


def _merges(cls: type[Detector]) -> bool:
    return hasattr(cls, "merge")


def _assert_alike(one: Detector, two: Detector) -> None:
    """Compare what two detectors say; numbers up to rounding."""
    a, b = one.reading(), two.reading()
    assert (a.verdict, a.n, [*sorted(a.detail)]) == (b.verdict, b.n, [*sorted(b.detail)]), (a, b)
    numbers = [(one.log_e, two.log_e), (a.log_e, b.log_e), (a.value, b.value), (a.limit, b.limit)]
    numbers += [(a.detail[name], b.detail[name]) for name in a.detail]
    for x, y in numbers:
        same = x == y or (x is not None and y is not None and _close(x, y))
        assert same, f"{a} and {b}"


def _close(x: float, y: float) -> bool:
    return isclose(x, y, rel_tol=ROUNDING, abs_tol=ROUNDING)
