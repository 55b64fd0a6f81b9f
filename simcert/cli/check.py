"""`simcert check`: the conformance suite on somebody's own policy or detector."""

import click

from simcert.cli import _options as options


@click.command(
    epilog="""\b
    Examples:
      simcert check my_policy.py
      simcert check my_detector.py --json
      simcert check greedy               # one that an installed plugin offers
    """
)
@click.argument("policy", type=click.Path(), metavar="PATH_TO_POLICY.py")
@click.option(
    "--limit-s",
    type=options.FiniteRange(min=0.0, min_open=True, max=3600.0),
    default=60.0,
    show_default=True,
    help="Seconds that one check may take.",
)
@options.as_json
def check(policy: str, limit_s: float, json_: bool) -> int:
    """Judge a policy (or a detector) by what every one owes; its file is run, apart from us.

    Exit code 1 if a check fails; each failure says what was broken, when, and on which value.
    """
    from simcert.checks import judge_apart

    judged = judge_apart(policy, limit_s)
    results, passed = judged.results, judged.passed
    if "needs_truth" in judged.tags:
        click.echo("It asks for the truth: it flies in simulation only, live refuses it.", err=True)
    if json_:
        rows = [{"check": r.check, "passed": r.passed, "message": r.message} for r in results]
        options.print_json({"policy": policy, "results": rows, "passed": passed})
        return 0 if passed else 1
    for one in results:
        click.echo(f"{'pass' if one.passed else 'FAIL'}  {one.check:40s} {one.message}")
    failed = sum(not one.passed for one in results)
    click.echo(f"{len(results) - failed} of {len(results)} checks passed")
    return 0 if passed else 1
