"""`simcert report`: a result folder as one HTML page."""

import click

from simcert.cli import _options as options


@click.command(
    epilog="""\b
    Examples:
      simcert report results/demo
      simcert report results/demo --figures figures --json
    """
)
@click.argument("folder", metavar="DIR", type=click.Path())
@click.option("--figures", metavar="DIR", help="Also leave each figure here, as SVG and PNG.")
@options.as_json
def report(folder: str, figures: str | None, json_: bool) -> int:
    """Write DIR/report.html: one page that needs no network, the verdict in words first.

    DIR is what `simcert run`, `compare`, `tune` or `validate` left behind.
    """
    from simcert.lab import report

    path = report.write(folder, figures)
    if json_:
        options.print_json(report.to_dict(path))
    else:
        click.echo(f"Report: {path}")
    return 0
