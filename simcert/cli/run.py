"""`simcert run`: one rollout."""

import click

from simcert.cli import _options as options


@click.command(
    epilog="""\b
    Examples:
      simcert run same_ca
      simcert run android_root_missing --policy fixed_linear:step=0.1,every_s=300 --seed 7
      simcert run same_ca --json | head -5
      simcert run same_ca --records connections.parquet
    """
)
@click.argument("scenario", shell_complete=options.scenario_names)
@click.option(
    "--policy", shell_complete=options.policy_names, default="adaptive", show_default=True
)
@click.option("--seed", type=options.WholeRange(0), default=0, show_default=True)
@options.fidelity
@click.option(
    "--records", metavar="FILE", help="Write every handshake attempt to a new Parquet file."
)
@options.out
@options.as_json
def run(
    scenario: str,
    policy: str,
    seed: int,
    fidelity: str | None,
    records: str | None,
    out: str | None,
    json_: bool,
) -> int:
    """Fly one rollout of SCENARIO and say whether the new certificate may go out.

    SCENARIO is a file, or the name of a built-in one. Exit code 0 if the rollout was completed, 1
    if it was rolled back or not finished in time.
    """
    from simcert import lab
    from simcert.lab.folder import file_text, stem_text

    name = file_text(f"run-{stem_text(scenario)}-{stem_text(policy)}-{seed}")
    place = out or options.fresh(name)
    result = lab.run(
        scenario, policy=policy, seed=seed, fidelity=fidelity, out=place, records=records
    )
    options.tell(result, json_=json_)
    return 0 if result.end == "complete" else 1
