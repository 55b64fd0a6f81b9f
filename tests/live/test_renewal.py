"""Before and after a rotation: what is renewed when, and what may be retired."""

import datetime as dt
from typing import Any

import pytest
from live_rig import Rig, controller, entries, finished

from simcert.cli.main import code_of
from simcert.live import _renewal
from simcert.live._bundle import read_bundle
from simcert.live._holdings import holdings, withdrawn_by_date
from simcert.live.haproxy_certificates import HaproxyCertificates

QUICK = "fixed_linear:step=0.5,every_s=0.4"
DAY_S = 86_400.0


def config_of(rig: Rig, **more: Any) -> Any:
    return rig.config(QUICK, soak_s=0.2, haproxy='[authority]\nkind = "local"', **more)


@pytest.mark.server
def test_the_old_certificate_is_retired_after_completion_and_never_before(rig: Rig) -> None:
    config = config_of(rig)
    actuator = rig.start(config)
    held = config.run / "old.pem"
    before = held.read_text()

    assert code_of(["live", "retire", str(config.path)]) == 2  # nothing was flown
    assert held.read_text() == before
    assert finished(controller(config, "--unvalidated"), 30.0)[0] == 0
    assert code_of(["live", "retire", str(config.path)]) == 0

    new = read_bundle(rig.folder / "new.pem")
    assert HaproxyCertificates(actuator.socket).serial(held) == new.serial
    assert read_bundle(held).digest == new.digest  # the old key is gone from the terminator
    assert actuator.read_back(0.0) == 1.0


@pytest.mark.server
def test_a_certificate_is_renewed_near_its_end_and_the_next_rotation_flies(rig: Rig) -> None:
    config = config_of(rig)
    rig.start(config)
    served = rig.a.bundle(days=20)  # of 120 days: its last third
    (rig.folder / "new.pem").write_bytes(served)
    with pytest.raises(ValueError, match="not complete"):
        _renewal.renew(config)
    assert finished(controller(config, "--unvalidated"), 30.0)[0] == 0

    assert _renewal.renew(config)["done"] == "renew"

    old, new = (read_bundle(rig.folder / f"{arm}.pem") for arm in ("old", "new"))
    assert old.pem.encode().startswith(served[:400])
    assert new.names == old.names
    assert new.digest != old.digest
    assert (rig.folder / "new.pem").stat().st_mode & 0o777 == 0o600
    assert finished(controller(config, "--unvalidated"), 30.0)[0] == 0


def test_what_is_far_from_its_end_is_left_alone(rig: Rig) -> None:
    config = config_of(rig)
    (rig.folder / "new.pem").unlink()
    assert code_of(["live", "renew", str(config.path)]) == 1  # 90 of 190 days are left
    assert not (rig.folder / "new.pem").exists()

    (rig.folder / "old.pem").write_bytes(rig.a.bundle(days=20))
    assert code_of(["live", "renew", str(config.path)]) == 0
    assert (rig.folder / "new.pem").exists()


def test_a_failing_authority_changes_no_file(rig: Rig) -> None:
    config = rig.config(QUICK, haproxy='[authority]\nkind = "local"\nchain = 9')
    (rig.folder / "new.pem").unlink()
    (rig.folder / "old.pem").write_bytes(rig.a.bundle(days=20))
    before = (rig.folder / "old.pem").read_bytes()
    with pytest.raises(ValueError, match="chains are offered"):
        _renewal.renew(config)
    assert (rig.folder / "old.pem").read_bytes() == before
    assert not (rig.folder / "new.pem").exists()


def test_only_a_new_certificate_that_ended_before_the_old_one_must_go(rig: Rig) -> None:
    (rig.folder / "new.pem").write_bytes(rig.b.bundle(days=5))
    found = {arm: read_bundle(rig.folder / f"{arm}.pem") for arm in ("old", "new")}
    manager = holdings(found, dt.datetime.now(dt.UTC).timestamp())

    assert withdrawn_by_date(manager, 4.9 * DAY_S) == ""
    assert withdrawn_by_date(manager, 5.1 * DAY_S).startswith("the new certificate ended")
    assert withdrawn_by_date(manager, 91.0 * DAY_S) == ""  # nothing better is left


@pytest.mark.server
def test_a_new_certificate_that_runs_out_in_flight_is_withdrawn(rig: Rig) -> None:
    (rig.folder / "new.pem").write_bytes(rig.b.bundle(days=20.0 / DAY_S))
    config = rig.config("fixed_linear:step=0.1,every_s=600", soak_s=60.0)
    actuator = rig.start(config)

    code, _, err = finished(controller(config, "--unvalidated"), 60.0)

    assert code == 1
    assert "the new certificate ended" in err
    assert actuator.read_back(0.0) == 0.0
    assert [one["word"] for one in entries(config, "command")] == ["abort"]
