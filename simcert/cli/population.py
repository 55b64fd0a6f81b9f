"""`simcert population`: who connects: built-in mixes, and one's own from a terminator's log."""

from typing import Any

import click

from simcert.cli import _options as options


@click.group(
    epilog="""\b
    Examples:
      simcert population list
      simcert population show web
      simcert population import haproxy.log --out mine.toml
    """
)
def population() -> None:
    """Show who connects, or learn it from a terminator's log."""


@population.command("list")
@options.as_json
def list_(json_: bool) -> None:
    """List built-in populations and all clients of the catalogue."""
    from simcert.lab import population as lab

    told = lab.listed()
    if json_:
        options.print_json(told)
        return
    for one in told["populations"]:
        click.echo(f"{one['name']:24s} {one['clients']:4d} clients")
    click.echo()
    for one in told["clients"]:
        how = "measured" if one["measured"] else "described"
        click.echo(f"{one['client']:40s} {how:10s} {one['name']}")


@population.command("show")
@click.argument("name", shell_complete=options.population_names)
@options.as_json
def show(name: str, json_: bool) -> None:
    """Show the clients of population NAME, or of a population file, with their shares."""
    from simcert.lab import population as lab

    told = lab.shown(name)
    if json_:
        options.print_json(told)
        return
    for one in told["clients"]:
        click.echo(f"{100.0 * one['share']:7.3f} %  {one['client']}")
    for source in told["sources"]:
        click.echo(f"source: {source}", err=True)


@population.command("import")
@click.argument("log", type=click.Path())
@click.option(
    "--out",
    metavar="FILE",
    required=True,
    help="Population file to write (TOML); an older one is replaced.",
)
@options.as_json
def import_(log: str, out: str, json_: bool) -> None:
    """Make a population of LOG, a HAProxy or nginx log with the fields of the ClientHello.

    docs/population-logs.md shows the log formats. `.gz` files are read, too.
    """
    from simcert.lab import population as lab

    found = lab.import_log(log)
    lab.save(found, log, out)
    if json_:
        options.print_json(found.to_dict(out))
    else:
        _tell(found.to_dict(out))


def _tell(told: dict[str, Any]) -> None:
    share, exact = 100.0 * told["matched_share"], 100.0 * told["exact_share"]
    click.echo(f"{told['lines']:,} lines, {told['handshakes']:,} with a ClientHello")
    click.echo(f"{told['unparsed']:,} lines not understood")
    click.echo(f"{share:.1f} % matched: {exact:.1f} % by cipher list, the rest by similarity")
    for one in told["clients"][:10]:
        click.echo(f"  {100.0 * one['share']:7.3f} %  {one['client']}")
    for one in told["unmatched"][:5]:
        click.echo(f"  not matched: {one['fingerprint']} ({one['handshakes']:,} handshakes)")
    click.echo(f"wrote {told['out']}")
