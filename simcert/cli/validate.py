"""`simcert validate`: a sealed document that says whether a policy may fly; `live` reads it."""

import click

from simcert.cli import _options as options


@click.command(
    epilog="""\b
    Examples:
      simcert validate policies/sprt_risk_tuned.toml --quick
      simcert validate adaptive --out results/adaptive
      simcert validate adaptive --key private.pem --days 30 --json
    """
)
@click.argument("policy", metavar="POLICY.toml", shell_complete=options.policy_names)
@click.option("--suite", metavar="DIR", help="Folder of scenarios.  [default: the built-in ones]")
@click.option("--quick", is_flag=True, help="A fifth of the days; `simcert live` refuses it.")
@click.option("--seed", type=options.WholeRange(0), default=0, show_default=True)
@click.option("--jobs", type=options.WholeRange(1), help="Worker processes.  [default: all cores]")
@click.option("--days", type=int, default=90, show_default=True, help="How long it is valid.")
@click.option("--key", metavar="FILE", help="Sign: Ed25519 private key (PEM) or a shared secret.")
@options.out
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
@options.as_json
def validate(
    policy: str,
    suite: str | None,
    quick: bool,
    seed: int,
    jobs: int | None,
    days: int,
    key: str | None,
    out: str | None,
    quiet: bool,
    json_: bool,
) -> int:
    """Fly POLICY through everything that it owes, and seal what was found.

    Conformance checks, every scenario of the suite, days on which nothing breaks (the exact limit
    of false rollbacks), attacks, and breakdowns of the apparatus. Exit code 0 if all pass, else 1.
    The document is bound to this policy, its parameters and this code; docs/validate.md.
    """
    from simcert import lab

    place = out or options.fresh("validate")
    with options.resumable(place):
        found = lab.validate(
            policy,
            suite,
            seed,
            jobs,
            place,
            quick=quick,
            days=days,
            key=key,
            quiet=quiet,
        )
    options.tell(found, json_=json_)
    return 0 if found.passed else 1
