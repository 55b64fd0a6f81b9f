"""`simcert predict`: who breaks, before anyone is exposed."""

import click

from simcert.cli import _options as options


def _versions(_: click.Context, __: click.Parameter, typed: str) -> tuple[str, ...]:
    versions = tuple(part.strip() for part in typed.split(","))
    known = ("1.0", "1.1", "1.2", "1.3")
    for one in versions:
        if one not in known:
            raise click.BadParameter(f'"{one}" is no TLS version; choose from {", ".join(known)}')
    return versions


@click.command(
    epilog="""\b
    Examples:
      simcert predict --old old.pem --new new.pem --population web
      simcert predict --old old.pem --new new.pem --population mine.toml --max-affected 0.001
      simcert predict --old old.pem --new new.pem --population web --explain curl
    """
)
@click.option(
    "--old", required=True, type=click.Path(), metavar="PEM", help="Chain served today, leaf first."
)
@click.option(
    "--new", required=True, type=click.Path(), metavar="PEM", help="Chain to be served, leaf first."
)
@click.option(
    "--population",
    required=True,
    metavar="NAME_OR_FILE",
    shell_complete=options.population_names,
    help="Who connects.",
)
@click.option("--host", metavar="NAME", help="Name that clients ask for.  [default: of the leaf]")
@click.option("--at", metavar="TIME", help="Moment to judge at, RFC 3339.  [default: now]")
@click.option(
    "--trust",
    multiple=True,
    type=click.Path(),
    metavar="PEM",
    help="Roots, instead of each client's own.",
)
@click.option(
    "--versions", default="1.2,1.3", show_default=True, callback=_versions, help="TLS on offer."
)
@click.option("--explain", metavar="CLIENT", help="Walk through one client's decision.")
@click.option(
    "--max-affected",
    type=options.FiniteRange(0.0, 1.0),
    metavar="SHARE",
    help="Exit 1 if exceeded.",
)
@click.option("--html", metavar="FILE", help="Write the answer as a web page, too.")
@options.as_json
def predict(
    old: str,
    new: str,
    population: str,
    host: str | None,
    at: str | None,
    trust: tuple[str, ...],
    versions: tuple[str, ...],
    explain: str | None,
    max_affected: float | None,
    html: str | None,
    json_: bool,
) -> int:
    """Say which clients a new certificate would break, how it would show, and what to do.

    With --json each client tells reason and RFC clause, and for either chain the handshake's bytes,
    flights (TCP and QUIC), processor time, connections, and for how long resumption hides it.
    """
    import datetime as dt

    from simcert.lab import predict as lab

    when = lab.moment(at, dt.datetime.now(dt.UTC))
    told = lab.forecast(old, new, population, at=when, host=host, trust=trust, versions=versions)
    if html is not None:
        lab.write_page(told, html)
    if json_:
        options.print_json(told.to_dict())
    else:
        click.echo(told.words() if explain is None else told.explain(explain))
    return 1 if max_affected is not None and told.affected_share > max_affected else 0
