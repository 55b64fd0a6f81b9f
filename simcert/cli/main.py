"""`simcert`: finds commands by the stem of their file, and is the only place that knows exit codes.

0 yes or done; 1 the answer is no; 2 usage or bad input; 3 environment or a mistake of ours; 130
interrupted.
"""

import errno
import io
import os
import select
import signal
import sys
from contextlib import suppress
from pathlib import Path
from pkgutil import iter_modules, resolve_name
from typing import Any

import click

from simcert import __version__
from simcert.errors import SimcertError

COMPLETE = "_SIMCERT_COMPLETE"  # by which a shell asks; click derives it from the program name
OUR_MISTAKE = "this is a mistake of simcert and no verdict; please report it with the lines above"
INTERRUPTED, PIPE_CLOSED, USAGE, ENVIRONMENT = 130, 141, 2, 3


class Commands(click.Group):
    """One command per file of this folder, imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the stems of all command files."""
        del ctx
        found = (m.name for m in iter_modules([str(Path(__file__).parent)]))
        return sorted(name for name in found if name[0] != "_" and name != "main")

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the object in the command's file that bears its name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = resolve_name(f"simcert.cli.{cmd_name}:{cmd_name}")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve a command, or name the nearest."""
        name = args[0]
        if name[:1] != "-" and name not in (known := self.list_commands(ctx)):
            from simcert.errors import UnknownNameError

            ctx.fail(str(UnknownNameError("command", name, known)))
        return super().resolve_command(ctx, args)


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
    Exit codes: 0 yes or done, 1 the answer is no, 2 usage or bad input,
    3 server, network or disk, 130 interrupted.

    \b
    Examples:
      simcert run same_ca
      simcert compare same_ca android_root_missing --policy adaptive --policy oracle --runs 9
    """,
)
@click.version_option(__version__, prog_name="simcert")
def cli() -> None:
    """Fly a certificate rotation through a wind tunnel before real clients meet it."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code.

    Python leaves with 1 after an exception that nobody foresaw; here that is an answer, "no".
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as stderr: a file may name half letters
    try:
        code = code_of(sys.argv[1:] if arguments is None else arguments)
    except Exception:  # noqa: BLE001 - whatever it is, it is no answer
        sys.excepthook(*sys.exc_info())
        click.echo(f"\nsimcert: {OUR_MISTAKE}", err=True)
        code = ENVIRONMENT
    if code == INTERRUPTED:  # a second Ctrl-C, while Python ends, would make a signal of the answer
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)


def code_of(arguments: list[str]) -> int:
    """Return the exit code of a command line; every foreseen failure is one paragraph on stderr."""
    try:
        result: Any = cli.main(args=arguments, prog_name="simcert", standalone_mode=False)
        if sys.stdout is not None:  # None where it was closed before we began
            sys.stdout.flush()
        return result if type(result) is int else 0
    except click.ClickException as error:
        error.show()
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("simcert: interrupted", err=True)
        return INTERRUPTED
    except (BrokenPipeError, SystemExit) as error:
        if COMPLETE in os.environ and isinstance(error, SystemExit):
            return int(error.code or 0)  # a shell asked for completions, and has them
        # outside standalone mode click exits for one reason: a closed pipe, and with 1, our "no"
        broken = OSError(errno.EPIPE, os.strerror(errno.EPIPE))
        return _pipe_closed(arguments) if _nobody_reads() else _broken(broken)
    except SimcertError as error:
        click.echo(f"simcert: {error}", err=True)
        return error.exit_code
    except MemoryError:
        click.echo("simcert: out of memory; take --fidelity counts or fewer --jobs", err=True)
        return ENVIRONMENT
    except OSError as error:
        return _broken(error)


def _broken(error: OSError) -> int:
    """Tell what the machine refused, as far as anybody listens."""
    with suppress(OSError):
        click.echo(f"simcert: {error.filename or 'system'}: {error.strerror}", err=True)
    return ENVIRONMENT


def _nobody_reads() -> bool:
    """Whether our output is a pipe or socket whose other end is closed; others may break, too."""
    try:
        watched = select.poll()
        watched.register(sys.stdout.fileno(), 0)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in watched.poll(0))
    except (AttributeError, OSError, ValueError):  # there is none, or it is no file
        return False


def _pipe_closed(arguments: list[str]) -> int:
    """Who reads only the head of our output got what was wanted; that is no "no"."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0 if {"-h", "--help"} & {*arguments} else PIPE_CLOSED
