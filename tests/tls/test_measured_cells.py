"""The model agrees with what real stacks did; left-out configurations are predicted by kin."""

from collections import Counter

from simcert.tls import Client, Prediction, ServerSettings, catalogue, client_from_hello, predict
from simcert.tls.stacks import measured
from tests.tls.cells import AT, HOST, cells, chains, trusted, versions


def told(client: Client, cell: dict[str, str]) -> Prediction:
    server = ServerSettings(versions=versions(cell["server_tls"]))
    return predict(client, chains()[cell["variant"]], server, trust=trusted(), host=HOST, at=AT)


def is_abort(outcome: str) -> bool:
    return outcome.startswith("server_abort")


def test_every_measured_configuration_does_what_it_did() -> None:
    wrong = Counter(
        (cell["stack"], cell["variant"])
        for cell in cells()
        if (prediction := told(catalogue()[cell["stack"]], cell)).seen != cell["seen"]
        or prediction.client_ok != (cell["client_ok"] == "1")
    )
    assert not wrong


def test_the_server_gives_up_exactly_where_it_did() -> None:
    for cell in cells():
        seen = told(catalogue()[cell["stack"]], cell).seen
        assert not (is_abort(seen) or is_abort(cell["seen"])) or seen == cell["seen"], cell


def test_a_configuration_left_out_is_predicted_by_its_kin() -> None:
    n, right = Counter[str](), Counter[str]()
    clients = {stack: without(stack) for stack in measured()}
    for cell in cells():
        prediction, ok = told(clients[cell["stack"]], cell), cell["client_ok"] == "1"
        kinds = {"client_ok": prediction.client_ok == ok, "seen": prediction.seen == cell["seen"]}
        if not ok and not is_abort(cell["seen"]):
            kinds["rejects"] = kinds["seen"]
        n.update(kinds.keys())
        right.update(kind for kind, agrees in kinds.items() if agrees)
    share = {kind: right[kind] / n[kind] for kind in n}
    assert share["client_ok"] >= 0.95, share
    assert share["seen"] >= 0.88, share
    assert share["rejects"] >= 0.75, share


def without(stack: str) -> Client:
    """What is known of a client if its configuration was never measured, and perhaps no kin."""
    gone = measured()[stack]
    known = {name: one for name, one in measured().items() if name != stack}
    left = any(one.family == gone.family for one in known.values())
    return client_from_hello(gone.hello, gone.family if left else "unseen", known=known)
