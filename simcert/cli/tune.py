"""`simcert tune`: search a policy's parameters for less harm and less time."""

import click

from simcert.cli import _options as options


@click.command(
    epilog="""\b
    Examples:
      simcert tune same_ca_mobile mldsa_only --trials 16 --held-out pinned_app
      simcert tune same_ca_mobile rare_segment --param budget --param mid=0.2:0.6:linear
      simcert tune same_ca_mobile pinned_app --policy argo --param mode=background|step --json
    """
)
@click.argument("scenarios", nargs=-1, required=True, shell_complete=options.scenario_names)
@click.option(
    "--policy", default="adaptive", show_default=True, shell_complete=options.policy_names
)
@click.option("--trials", type=options.WholeRange(1), default=40, show_default=True)
@click.option("--seed", type=options.WholeRange(0), default=0, show_default=True)
@click.option(
    "--jobs", type=options.WholeRange(1), help="Workers; change no byte. [default: all cores]"
)
@click.option(
    "--param",
    "params",
    multiple=True,
    metavar="NAME[=LOW:HIGH[:log|linear]]",
    help="Search only what is named so; or NAME=A|B|C.",
)
@click.option("--space", metavar="FILE", help="TOML with a table for each parameter.")
@click.option(
    "--held-out",
    multiple=True,
    shell_complete=options.scenario_names,
    help="Scenario that only judges the choice.  [default: all others that are built in]",
)
@click.option("--runs", type=int, default=12, show_default=True, help="Days for each candidate.")
@click.option("--fresh", type=int, default=24, show_default=True, help="Days for each judgement.")
@click.option(
    "--false-rollback-max", type=options.FiniteRange(0.0, 1.0), default=0.01, show_default=True
)
@click.option(
    "--detection-max",
    type=options.FiniteRange(0.0),
    default=1.25,
    show_default=True,
    help="Minutes to withdrawal, over those of the defaults.",
)
@options.out
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
@options.as_json
def tune(
    scenarios: tuple[str, ...],
    policy: str,
    trials: int,
    seed: int,
    jobs: int | None,
    params: tuple[str, ...],
    space: str | None,
    held_out: tuple[str, ...],
    runs: int,
    fresh: int,
    false_rollback_max: float,
    detection_max: float,
    out: str | None,
    quiet: bool,
    json_: bool,
) -> None:
    """Search for parameters with less harm and less time to full exposure.

    Every number of the policy is searched, error probabilities apart: they are a guarantee. The
    front flies again on fresh days, and the chosen point on others again, beside scenarios held
    out. An interrupted study goes on with the same --out; docs/tune.md.
    """
    from simcert import lab

    place = out or options.fresh("tune")
    with options.resumable(place):
        found = lab.tune(
            scenarios,
            policy,
            trials,
            seed,
            jobs,
            place,
            knobs=params,
            space_file=space,
            held_out=held_out or None,
            runs=runs,
            fresh=fresh,
            false_rollback_max=false_rollback_max,
            detection_max=detection_max,
            quiet=quiet,
        )
    options.tell(found, json_=json_)
