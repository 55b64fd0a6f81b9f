"""`simcert replay`: decide a recorded rollout again."""

import click

from simcert.cli import _options as options


@click.command(
    epilog="""\b
    Examples:
      simcert replay results/run-same_ca-adaptive-0/journal.jsonl
      simcert replay results/run-same_ca-adaptive-0/journal.jsonl --policy fixed_linear
    """
)
@click.argument("journal", type=click.Path())
@click.option(
    "--policy", shell_complete=options.policy_names, help="Another policy than the recorded one."
)
@options.as_json
def replay(journal: str, policy: str | None, json_: bool) -> int:
    """Decide the rollout in JOURNAL again, from the same windows.

    Without --policy every decision must be the recorded one, byte for byte: exit code 1 if not.
    """
    from simcert import lab

    result = lab.replay(journal, policy)
    options.tell(result, json_=json_)
    return 0 if result.identical or policy is not None else 1
