"""JSON schemas of the files that users write: scenario, policy, live configuration, suite.

`python -m simcert.lab.editor_schemas` writes them into `simcert/lab/schemas/`, where they are
committed; a test fails when they drift from the code. docs/editor-schemas.md tells how an editor
finds them.
"""

from pathlib import Path

from simcert import policy as policies
from simcert.lab.folder import to_json
from simcert.lab.regress.suite import Suite
from simcert.live._config import LiveConfig
from simcert.scenario.json_schema import DIALECT, Schema, table
from simcert.scenario.schema import SCHEMA, Scenario
from simcert.world import faults

HOME = Path(__file__).parent / "schemas"
_HIDDEN = frozenset({"faults", "stem", "folder"})
_VERSION: dict[str, Schema] = {"schema": {"const": SCHEMA}}  # the same in all of them so far


def scenario() -> Schema:
    """Return the schema of a scenario file; each kind of fault has keys of its own."""
    kinds = [_kind("kind", stem, cls) for stem, cls in faults.discover().items()]
    fault = {"type": "array", "items": {"oneOf": kinds}}
    return _headed("simcert scenario", table(Scenario, _HIDDEN, _VERSION | {"fault": fault}))


def policy() -> Schema:
    """Return the schema of a policy file: a stem and the parameters of that policy."""
    kinds = [_kind("policy", stem, cls) for stem, cls in policies.discover().items()]
    return _headed("simcert policy", {"type": "object", "oneOf": kinds})


def live() -> Schema:
    """Return the schema of a live configuration."""
    return _headed("simcert live configuration", table(LiveConfig, more=_VERSION))


def suite() -> Schema:
    """Return the schema of a regression suite."""
    return _headed("simcert regression suite", table(Suite, more=_VERSION))


SCHEMAS = {"scenario": scenario, "policy": policy, "live": live, "suite": suite}


def texts() -> dict[str, str]:
    """Return every schema as it is committed, by file name."""
    return {f"{name}.json": to_json(make()) for name, make in SCHEMAS.items()}


def _headed(title: str, schema: Schema) -> Schema:
    return {"$schema": DIALECT, "title": title, **schema}


def _kind(key: str, stem: str, cls: type) -> Schema:
    """Return the table of one class of a catalogue, told apart by the stem under `key`."""
    schema = table(cls, more={key: {"const": stem}})
    return schema | {"required": [key, *schema.get("required", ())]}


if __name__ == "__main__":
    HOME.mkdir(exist_ok=True)
    for file, text in texts().items():
        (HOME / file).write_text(text, encoding="utf-8")
