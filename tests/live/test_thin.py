"""Anybody's command or URL, with Prometheus: read back or not applied; a gap is no good news."""

import sys
from contextlib import suppress
from pathlib import Path

import pytest
from live_web import Web

from simcert.cli.main import code_of
from simcert.errors import MachineError
from simcert.live.exec_actuator import ExecActuator
from simcert.live.prometheus_feed import PrometheusFeed
from simcert.live.webhook_actuator import WebhookActuator
from simcert.model import Window

Pair = tuple[int, int]
WRITE = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text('{}')"


SET = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(sys.argv[2])"
GET = "import sys, pathlib; print(pathlib.Path(sys.argv[1]).read_text())"


def commands(file: Path, setter: str = SET) -> ExecActuator:
    python = (sys.executable, "-c")
    return ExecActuator((*python, setter, str(file), "{points}"), (*python, GET, str(file)))


def test_a_command_gets_basis_points_and_is_read_back(tmp_path: Path) -> None:
    actuator = commands(tmp_path / "weight")

    actuator.apply(0.0525, 0.0)

    assert actuator.read_back(0.0) == 0.0525
    assert (tmp_path / "weight").read_text() == "525"


@pytest.mark.parametrize(
    ("setter", "message"),
    [
        ("raise SystemExit('no such balancer')", "no such balancer"),
        (WRITE.format("9"), "asked for 500, 9"),
        (WRITE.format("5 %"), "not a whole number"),
        (
            "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text('10001')",
            "not a whole number",
        ),
    ],
)
def test_what_cannot_be_read_back_was_not_applied(
    tmp_path: Path, setter: str, message: str
) -> None:
    with pytest.raises(MachineError, match=message):
        commands(tmp_path / "weight", setter).apply(0.05, 0.0)


def test_no_letter_of_a_command_is_ever_seen_by_a_shell(tmp_path: Path) -> None:
    file = tmp_path / "$(touch pwned);`id`"

    commands(file).apply(0.5, 0.0)

    assert [one.name for one in tmp_path.iterdir()] == [file.name]


def test_a_command_that_hangs_or_is_not_there_is_a_machine_error(tmp_path: Path) -> None:
    hanging = ExecActuator(("sleep", "9"), ("sleep", "9"), timeout_s=0.1)

    with pytest.raises(MachineError):
        hanging.apply(0.5, 0.0)
    with pytest.raises(MachineError, match=r"/no/such/command: cannot be run: No such file or dir"):
        ExecActuator(("/no/such/command",), ("/no/such/command",)).read_back(0.0)


def test_a_url_is_set_and_read_back(web: Web) -> None:
    actuator = WebhookActuator(web.url, "secret")

    actuator.apply(0.25, 0.0)

    assert (web.points, actuator.read_back(0.0)) == (2500, 0.25)
    assert "secret" not in repr(actuator)


def test_a_url_that_lies_or_fences_off_is_a_machine_error(web: Web) -> None:
    web.deaf = True
    with pytest.raises(MachineError, match="asked for 2500, 0 is in force"):
        WebhookActuator(web.url).apply(0.25, 0.0)
    web.deaf, web.token = False, 7
    with pytest.raises(MachineError, match="409"):
        WebhookActuator(web.url, token=6).apply(0.25, 0.0)
    web.points = "lots"
    with pytest.raises(MachineError, match="not a whole number"):
        WebhookActuator(web.url).read_back(0.0)


def prometheus(web: Web) -> PrometheusFeed:
    feed = PrometheusFeed(web.url, 60.0)
    feed.exposed(0.1, 0.0)
    web.totals((1000, 990), (50, 49))
    assert feed.poll(60.0) == ()  # the first reading only tells where to begin
    feed.poll(120.0)
    return feed


def test_differences_of_raw_totals_are_exact(web: Web) -> None:
    feed = prometheus(web)
    web.totals((1900, 1880), (150, 142))

    (window,) = feed.poll(180.0)

    assert window.tally() == (100, 7, 900, 10)
    assert (window.start_s, window.end_s, window.exposure) == (120.0, 180.0, 0.1)
    assert window.completeness == 1.0


def test_a_restart_a_gap_or_an_old_sample_is_an_incomplete_window(web: Web) -> None:
    feed = prometheus(web)
    web.totals((10, 10), (1, 1), epoch=2)
    (restarted,) = feed.poll(180.0)
    web.totals((20, 20), (2, 2), epoch=2, age=500)
    (old,) = feed.poll(240.0)
    (skipped,) = feed.poll(600.0)

    assert [one.completeness for one in (restarted, old, skipped)] == [0.0, 0.0, 0.0]


def test_no_answer_is_never_an_empty_window(web: Web) -> None:
    feed = prometheus(web)
    web.samples.clear()

    with pytest.raises(MachineError, match="no sample"):
        feed.poll(180.0)

    web.totals((3000, 3000), (300, 300))
    (after,) = feed.poll(240.0)
    assert after.completeness == 0.0


@pytest.mark.parametrize(("questions", "takes_s"), [(3, 0.01), (5, 0.01), (4, 0.5), (6, 0.5)])
def test_a_scrape_between_two_questions_makes_no_failures(
    web: Web, questions: int, takes_s: float
) -> None:
    feed = prometheus(web)
    web.totals((1990, 1980), (160, 159), age=0)  # of the scrape, which comes while we ask
    web.next = dict(web.samples)
    web.stored_s = web.clock_s + 0.02 * questions - 0.01
    web.next_s = web.stored_s - takes_s
    web.totals((1900, 1890), (150, 149))  # nobody failed, before it or after it

    windows: list[Window] = []
    for now_s in (180.0, 240.0, 300.0):
        with suppress(MachineError):  # a scrape that came late
            windows += feed.poll(now_s)

    failed = [one.tally()[1::2] for one in windows if one.completeness == 1.0]
    assert failed
    assert set(failed) == {(0, 0)}


def test_a_window_of_two_exposures_is_no_evidence(web: Web) -> None:
    feed = prometheus(web)
    feed.exposed(0.2, 130.0)

    (mixed,) = feed.poll(180.0)
    (pure,) = feed.poll(240.0)

    assert (mixed.completeness, pure.completeness) == (0.0, 1.0)


def test_the_plan_of_a_thin_setup_tells_every_call(tmp_path: Path, capsys) -> None:
    path = Path(__file__).parents[2] / "examples" / "nginx" / "live.toml"

    assert code_of(["live", "plan", str(path)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert "/etc/nginx/weight set POINTS" in said
    assert 'attempts  new  sum(edge_tls_attempts_total{arm="new"})' in said
    assert 'completed old  sum(edge_tls_completed_total{arm="old"})' in said
    assert code_of(["live", "plan", str(path), "--write"]) == 2

    url = "https://edge.example/weights/hush?key=hush"
    hook = path.read_text().split("[exec]")[0] + f'[webhook]\nurl = "{url}"\n'
    other = tmp_path / "live.toml"
    other.write_text(hook + "[prometheus]" + path.read_text().split("[prometheus]", 1)[1])
    assert code_of(["live", "plan", str(other)]) == 0
    told = capsys.readouterr().out
    assert 'PUT https://edge.example/...  {"exposure_basis_points": POINTS' in told
    assert "hush" not in told
