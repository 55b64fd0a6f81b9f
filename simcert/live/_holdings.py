"""Where both certificates stand, by the Certificate Manager that the simulator drives too."""

from collections.abc import Mapping

from simcert.control.certificates import CertificateManager
from simcert.live._bundle import Bundle
from simcert.model import ARMS

NEW = "new"


def holdings(bundles: Mapping[str, Bundle], epoch_s: float) -> CertificateManager:
    """Return the manager of a rollout: both certificates active, each since it became valid.

    The old one may have run out already; the first `tick` finds that.
    """
    manager = CertificateManager()
    for arm in ARMS:
        from_s, until_s = (at_s - epoch_s for at_s in bundles[arm].dates_s)
        manager.issue(arm, from_s, from_s, until_s)
        manager.step(arm, "stage", from_s)
        manager.step(arm, "activate", from_s)
    return manager


def withdrawn_by_date(manager: CertificateManager, now_s: float) -> str:
    """Say why the new certificate must go at once, or nothing: it has run out, the old one not."""
    manager.tick(now_s)
    if manager.exposure_limit(NEW, now_s) > 0.0 or not manager.serving():
        return ""
    return f"the new certificate ended at {manager[NEW].not_after_s:.0f} s"
