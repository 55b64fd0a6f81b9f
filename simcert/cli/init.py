"""`simcert init`: a project that works at once."""

import click

from simcert.cli import _options as options


@click.command(
    epilog="""\b
    Examples:
      simcert init our-rotations
      simcert init our-rotations --schemas --json
    """
)
@click.argument("folder", metavar="DIR", type=click.Path())
@click.option("--schemas", is_flag=True, help="Only the editor schemas, into any project.")
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
@options.as_json
def init(folder: str, schemas: bool, quiet: bool, json_: bool) -> None:
    """Make a project in DIR: scenarios, policies, live configuration, CI gate and notebook.

    Every file of it runs as it is. DIR must be new or empty; nothing is overwritten.
    """
    import datetime as dt

    from simcert.lab import init as lab

    now = dt.datetime.now(dt.UTC)
    written = lab.schemas(folder) if schemas else lab.init(folder, now, quiet=quiet)
    if json_:
        options.print_json({"out": folder, "files": [str(path) for path in written]})
        return
    for path in written:
        click.echo(str(path))
    if not schemas:
        click.echo(f"\ncd {folder}; README.md says what to run first")
