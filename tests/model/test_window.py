"""Windows add up: associative, commutative, exact; what differs in time or exposure does not."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from simcert.errors import MergeError
from simcert.model import FEATURES, SIGNALS, Window, in_signal
from simcert.model.window import TIME_BINS

SEGMENTS = ("app", "browser", "iot")
OUTCOMES = ("ok", "close", "alert:unknown_ca", "ok_then_close", "alert:alert_200")


@st.composite
def windows(draw):
    segments = tuple(draw(st.permutations(SEGMENTS))[: draw(st.integers(1, 3))])
    outcomes = ("ok", *draw(st.permutations(OUTCOMES[1:]))[: draw(st.integers(0, 4))])
    s, o = len(segments), len(outcomes)
    shapes = {
        "units": (s, 2, o),
        "attempts": (s, 2, o),
        "resumed": (s, 2),
        "time_hist": (s, 2, TIME_BINS),
        "features": (s, 2, len(FEATURES)),
        "reports": (s, 2),
        "probes": (2, 2),
    }
    counts = {k: draw(arrays(np.int64, v, elements=st.integers(0, 9))) for k, v in shapes.items()}
    rest = {"completeness": draw(st.floats(0, 1)), "lag_s": draw(st.floats(0, 99))}
    rest["mixed"] = draw(st.booleans())
    source = draw(st.sampled_from(("", "a", "b")))
    return Window.empty(0.0, 60.0, 0.1, segments, outcomes, source=source, **rest, **counts)


@given(windows(), windows())
def test_addition_is_commutative(a, b):
    assert a + b == b + a


@given(windows(), windows(), windows())
def test_addition_is_associative(a, b, c):
    assert (a + b) + c == a + (b + c)


@given(windows(), windows())
def test_no_unit_is_lost_or_made_up(a, b):
    total = a + b
    for name in ("units", "attempts", "resumed", "time_hist", "features", "reports", "probes"):
        assert getattr(total, name).sum() == getattr(a, name).sum() + getattr(b, name).sum()
    for signal in SIGNALS:
        pairs = zip(total.tally(signal), a.tally(signal), b.tally(signal), strict=True)
        assert all(t == x + y for t, x, y in pairs)


@given(windows(), windows())
def test_addition_changes_neither_summand(a, b):
    before = (a.to_dict(), b.to_dict())
    a + b
    assert (a.to_dict(), b.to_dict()) == before


@given(windows(), windows())
def test_what_is_mixed_stays_mixed(a, b):
    assert (a + b).mixed == (a.mixed or b.mixed)


@given(windows())
def test_a_window_survives_json(window):
    again = Window.from_dict(json.loads(json.dumps(window.to_dict())))
    assert again == window
    assert again.mixed == window.mixed
    assert again.tally() == window.tally()


@given(windows())
def test_the_signals_split_the_failures(window):
    parts = [window.tally(signal) for signal in SIGNALS if signal != "failure"]
    failure = window.tally("failure")
    assert sum(part.f_new for part in parts) == failure.f_new
    assert sum(part.f_old for part in parts) == failure.f_old


@given(windows())
def test_segments_partition_the_window(window):
    parts = [window.tally(segment=i) for i in range(len(window.segments))]
    assert tuple(map(sum, zip(*parts, strict=True))) == window.tally()


@pytest.mark.parametrize(
    "other",
    [
        {"start_s": 60.0, "end_s": 120.0},
        {"exposure": 0.2},
        {"slices": 2},
        {"assignment": "per_client"},
    ],
)
def test_windows_of_other_traffic_are_never_pooled(other):
    a = Window.of(new=(1, 0), old=(1, 0), exposure=0.1)
    with pytest.raises(MergeError, match=next(iter(other))):
        a + Window.of(**{"new": (1, 0), "old": (1, 0), "exposure": 0.1, **other})


def test_more_failures_than_units_are_refused():
    with pytest.raises(ValueError, match="failed <= n"):
        Window.of(new=(1, 2), old=(1, 0))


@pytest.mark.parametrize("units", [[[99], [1]], [[0], [-1]], [[0], [10**30]], [[0], [0.5]]])
def test_counts_that_do_not_fit_are_refused(units):
    state = Window.of(new=(1, 0), old=(1, 0)).to_dict() | {"units": units}
    with pytest.raises(ValueError, match="do not fit"):
        Window.from_dict(state)


def test_a_completed_handshake_without_a_request_is_a_failure():
    assert in_signal("ok_then_close", "failure")
    assert in_signal("ok_then_alert:unknown_ca", "after_handshake")
    assert not in_signal("ok", "failure")


@given(windows())
def test_sums_over_segments_arms_and_rows_are_those_of_the_arrays(a):
    for name in ("attempts", "resumed", "time_hist"):
        array = getattr(a, name)
        assert a.per_arm(name) == [int(array[:, arm].sum()) for arm in (0, 1)]
    found = a.rows()
    for k, signal in enumerate(SIGNALS):
        events = a.events(signal)
        assert found[k].tolist() == events[:, 1].tolist()
        assert found[k + len(SIGNALS)].tolist() == events.sum(axis=1).tolist()
