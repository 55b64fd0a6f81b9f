"""`simcert check`: the conformance suite on somebody's own policy."""

from pathlib import Path

import click

from simcert.cli import _options as options


@click.command(
    epilog="""\b
    Examples:
      simcert check my_policy.py
      simcert check my_policy.py --json
    """
)
@click.argument("policy", type=click.Path(), metavar="PATH_TO_POLICY.py")
@options.as_json
def check(policy: str, json_: bool) -> int:
    """Judge the policy in a Python file by what every policy owes; the file is run.

    Exit code 1 if a check fails; each failure says what was broken, when, and on which value.
    """
    from simcert.checks import judge_policy_file

    results = judge_policy_file(Path(policy))
    passed = all(one.passed for one in results)
    if json_:
        rows = [{"check": r.check, "passed": r.passed, "message": r.message} for r in results]
        options.print_json({"policy": policy, "results": rows, "passed": passed})
        return 0 if passed else 1
    for one in results:
        click.echo(f"{'pass' if one.passed else 'FAIL'}  {one.check:40s} {one.message}")
    failed = sum(not one.passed for one in results)
    click.echo(f"{len(results) - failed} of {len(results)} checks passed")
    return 0 if passed else 1
