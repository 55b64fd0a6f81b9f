"""`simcert regress`: a gate in CI on what policies do."""

import click

from simcert.cli import _options as options


@click.command(
    epilog="""\b
    Examples:
      simcert regress --update --policy fixed_canary --scenario same_ca_mobile
      simcert regress
      simcert regress --junit regress.xml --summary regress.md --json
      simcert regress --seed 7
    """
)
@click.option("--baseline", metavar="DIR", default="simcert-baseline", show_default=True)
@click.option("--update", is_flag=True, help="Record what policies do now, and tell what changed.")
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    shell_complete=options.scenario_names,
    help="With --update: the scenarios of the suite.",
)
@click.option(
    "--policy",
    "policies",
    multiple=True,
    shell_complete=options.policy_names,
    help="With --update: the policies of the suite.",
)
@click.option("--runs", type=options.WholeRange(2), help="With --update: days for each.")
@click.option(
    "--force", is_flag=True, help="With --update: even if CI is set, or recorded cases are deleted."
)
@click.option("--seed", type=options.WholeRange(0), help="Fly other days than the recorded ones.")
@click.option("--jobs", type=options.WholeRange(1), help="Worker processes.  [default: all cores]")
@click.option("--junit", metavar="FILE", help="Leave a JUnit XML report here.")
@click.option("--summary", metavar="FILE", help="Leave a Markdown summary here.")
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
@options.as_json
def regress(
    baseline: str,
    update: bool,
    scenarios: tuple[str, ...],
    policies: tuple[str, ...],
    runs: int | None,
    force: bool,
    seed: int | None,
    jobs: int | None,
    junit: str | None,
    summary: str | None,
    quiet: bool,
    json_: bool,
) -> int:
    """Say whether policies behave as recorded in the baseline.

    Every scenario and policy of DIR/suite.toml flies the recorded days again. Exit code 1 if any of
    it changed beyond the margin, or is new, or is gone; docs/regress.md says how that is judged.
    """
    from simcert.lab import regress as lab
    from simcert.lab.regress import output

    if update and seed is not None:
        raise click.UsageError("--seed flies other days than recorded; it cannot be with --update")
    if not update and (scenarios or policies or runs or force):
        raise click.UsageError("--scenario, --policy, --runs and --force go with --update")
    output.check(junit, summary)
    if update:
        found = lab.update(
            baseline,
            scenarios=scenarios,
            policies=policies,
            runs=runs,
            jobs=jobs,
            quiet=quiet,
            force=force,
        )
    else:
        found = lab.regress(baseline, jobs=jobs, seed=seed, quiet=quiet)
    output.leave(found, junit, summary)
    options.tell(found, json_=json_)
    return 1 if found.changed and not update else 0
