"""`simcert compare`: a paired A/B batch."""

import click

from simcert.cli import _options as options


@click.command(
    epilog="""\b
    Examples:
      simcert compare same_ca_mobile --policy adaptive --policy fixed_linear --runs 3
      simcert compare same_ca_mobile android_root_missing --policy oracle --runs 2 --json
    """
)
@click.argument("scenarios", nargs=-1, required=True, shell_complete=options.scenario_names)
@click.option(
    "--policy",
    "policies",
    multiple=True,
    required=True,
    shell_complete=options.policy_names,
    help="A policy to fly; give it once for each.",
)
@click.option("--runs", type=int, default=60, show_default=True, help="Days for each policy.")
@click.option("--seed", type=options.WholeRange(0), default=0, show_default=True)
@click.option("--jobs", type=int, help="Worker processes; change no byte.  [default: all cores]")
@options.fidelity
@click.option("--cluster", metavar="ADDRESS", help="Scheduler of a Dask cluster to fly on.")
@options.out
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
@options.as_json
def compare(
    scenarios: tuple[str, ...],
    policies: tuple[str, ...],
    runs: int,
    seed: int,
    jobs: int | None,
    fidelity: str | None,
    cluster: str | None,
    out: str | None,
    quiet: bool,
    json_: bool,
) -> int:
    """Fly the same days with several policies, and say who harmed whom.

    Seeds belong to days, not to policies, so differences are between policies alone. A batch that
    was interrupted goes on where it stopped when the same command is given the same --out.
    """
    from simcert import lab

    place = out or options.fresh("compare")
    with options.resumable(place):
        study = lab.compare(
            scenarios,
            policies,
            runs=runs,
            seed=seed,
            jobs=jobs,
            out=place,
            fidelity=fidelity,
            cluster=cluster,
            quiet=quiet,
        )
    if json_:
        options.print_json(study.to_dict())
    else:
        click.echo(
            f"{study.words()}\n\nResults in {study.out}; `simcert report {study.out}` shows them."
        )
    return 1 if study.failed_runs else 0
