"""What Argo's conditions make of a measured result."""

from typing import Any

from simcert.checks import peer_case


def phase(result: Any, success: str | None, failure: str | None = None) -> Any:
    given = {"result": result, "success_condition": success, "failure_condition": failure}
    return peer_case("argo", "evaluate_condition", given)["phase"]
