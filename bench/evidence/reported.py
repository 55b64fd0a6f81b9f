"""How visible clients' distrust is: the mix of outcomes that the handshake model gives."""

import datetime as dt
from collections.abc import Iterable

from bench.evidence.record import FOLDER
from simcert.lab import predict

CHAINS = FOLDER.parents[1] / "scenarios" / "chains"
OLD, NEW, ELSEWHERE = (
    CHAINS / f"{stem}.pem" for stem in ("digicert_g2", "le_february", "addtrust_2019")
)
AT = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
MIXES = ("web_global_2026", "enterprise_api_2026", "mobile_app_api_2026", "iot_fleet_2026")


def visible_shares() -> Iterable[tuple[str, float]]:
    """Return for each mix of clients the share v of its distrust that shows as an alert.

    Every client is made to trust one root that has signed neither chain, and the handshake model
    says how the server sees it refuse. Server aborts are no refusals: they come with any chain.
    """
    for mix in MIXES:
        told = predict.forecast(OLD, NEW, mix, at=AT, trust=[ELSEWHERE])
        seen = [(row.new.seen, row.share) for row in told.rows]
        refused = [
            (o, share) for o, share in seen if o != "ok" and not o.startswith("server_abort")
        ]
        alerts = sum(share for outcome, share in refused if outcome.startswith("alert:"))
        yield mix, alerts / sum(share for _, share in refused)
