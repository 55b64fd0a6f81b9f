"""`simcert live`: fly a rollout on a real terminator, and talk to the controller that flies it."""

from typing import Any

import click

from simcert.cli import _options as options

FLY = "fly"


class ConfigOrWord(click.Group):
    """`live CONFIG.toml` flies; `live WORD CONFIG.toml` does what the word says."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Take a first argument that is no word for a configuration."""
        if args[0] not in self.commands and args[0][:1] != "-" and args[0].endswith(".toml"):
            args = [FLY, *args]
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let options of `fly` stand in front of the configuration, too."""
        if args and args[0] in ("--dry-run", "--unvalidated", "--json"):
            args = [FLY, *args]
        return super().parse_args(ctx, args)


class AsTyped(click.Context):
    """Nobody types `fly`, so usage and help do not say it either."""

    @property
    def command_path(self) -> str:
        """Return the path of the command above."""
        return self.parent.command_path if self.parent else ""


class Fly(click.Command):
    """The command behind `live CONFIG.toml`."""

    context_class = AsTyped


@click.group(
    cls=ConfigOrWord,
    epilog="""\b
    Examples:
      simcert live plan live.toml --write
      simcert live live.toml --unvalidated
      simcert live status live.toml
      simcert live abort live.toml
      simcert live node live.toml --name edge1
    """,
)
def live() -> None:
    """Fly the rollout of CONFIG.toml on a real TLS terminator.

    `simcert live CONFIG.toml [--dry-run] [--unvalidated]` flies it; exit code 0 if it is complete,
    1 if it was rolled back. A signal stops it and keeps the exposure; the same command goes on.
    """


@live.command(FLY, cls=Fly, hidden=True)
@click.argument("config", type=click.Path())
@click.option("--dry-run", is_flag=True, help="Decide, but touch nothing.")
@click.option("--unvalidated", is_flag=True, help="Fly a policy that nobody validated; journalled.")
@options.as_json
def fly(config: str, dry_run: bool, unvalidated: bool, json_: bool) -> int:
    """Fly the rollout of CONFIG until it is complete, rolled back, or stopped."""
    from simcert.live import _config, _logging, _operate

    _logging.start()
    result = _operate.fly(_config.load(config), dry_run=dry_run, unvalidated=unvalidated)
    if json_:
        options.print_json(result)
    else:
        share = "unknown" if result["exposure"] is None else f"{result['exposure']:.4g}"
        click.echo(f"{result['end']} at exposure {share}; journal: {result['out']}")
    return {"complete": 0, "rolled_back": 1}.get(result["end"], 130)


@live.command()
@click.argument("config", type=click.Path())
@click.option("--write", is_flag=True, help="Put it into the state folder, ready to start.")
@options.as_json
def plan(config: str, write: bool, json_: bool) -> None:
    """Print the terminator configuration that CONFIG needs.

    With [exec] or [webhook]: what these must do, and what Prometheus is asked.
    """
    from simcert.live import _config, _operate

    text, files = _operate.plan(_config.load(config), write=write)
    if json_:
        options.print_json({"out": [str(one) for one in files] or None, "configuration": text})
    elif write:
        click.echo("\n".join(f"wrote {one}" for one in files))
        click.echo(f"start it with: haproxy -W -f {files[0]}")
    else:
        click.echo(text, nl=False)


@live.command()
@click.argument("config", type=click.Path())
@options.as_json
def obtain(config: str, json_: bool) -> None:
    """Get the new certificate from the authority that CONFIG names; it is served to nobody yet."""
    from simcert.live import _config, _operate

    path = _operate.obtain(_config.load(config))
    if json_:
        options.print_json({"out": str(path)})
    else:
        click.echo(f"wrote {path}")


@live.command()
@click.argument("config", type=click.Path())
@options.as_json
def retire(config: str, json_: bool) -> None:
    """Take the old certificate and its key from the terminator, after a completed rollout."""
    from simcert.live import _config, _renewal

    done = _renewal.retire(_config.load(config))
    if json_:
        options.print_json(done)
    else:
        click.echo(f"retired {done['retired'][:16]}; both arms serve {done['serves'][:16]}")


@live.command()
@click.argument("config", type=click.Path())
@options.as_json
def renew(config: str, json_: bool) -> int:
    """Get the next certificate if the one that is served nears its end; exit 1 if it does not.

    For a timer: `simcert live renew live.toml && simcert live live.toml`.
    """
    from simcert.live import _config, _renewal

    done = _renewal.renew(_config.load(config))
    if json_:
        options.print_json(done)
    elif done["done"]:
        click.echo(f"wrote {done['out']}; what is served ends on {done['until']}")
    else:
        click.echo(f"not yet: what is served ends on {done['until']}")
    return 0 if done["done"] else 1


@live.command()
@click.argument("config", type=click.Path())
@options.as_json
def status(config: str, json_: bool) -> None:
    """Show where the rollout stands, why, and what every segment says."""
    from simcert.live import _config, _operate

    shown = _operate.status(_config.load(config))
    if json_:
        options.print_json(shown)
    else:
        click.echo(_words(shown))


@live.command()
@click.argument("config", type=click.Path())
@click.option("--name", help="Which of the nodes this is; default: the name of this machine.")
@options.as_json
def node(config: str, name: str | None, json_: bool) -> int:
    """Run an analyzer node beside the HAProxy of CONFIG, one of the nodes of its [redis].

    It sends what its HAProxy sees to Redis, and puts in force what the leading controller orders.

    
    Example:
      simcert live node live.toml --name edge1
    """
    import socket

    from simcert.live import _config, _logging, _node

    _logging.start()
    result = _node.node(_config.load(config), name or socket.gethostname())
    if json_:
        options.print_json(result)
    return 130


def _words(shown: dict[str, Any]) -> str:
    last, feed = shown.get("last_decision") or {}, shown.get("feed", {})
    over = shown.get("ended")
    eta = shown.get("eta") or {}
    lines = [
        f"{shown['policy']}: {shown['phase']}, exposure {shown['exposure']:.4g}",
        over["says"] if over else f"last decision: {last.get('reason', 'none yet')}",
        f"completion: {eta.get('says', 'not foreseen')}",
        *(f"would change it: {one['says']}" for one in shown.get("would_change", [])),
        _feed(feed),
    ]
    if over:
        lines.pop(2)
    if feed.get("refusal"):
        lines.append(f"evidence refused: {feed['refusal']}")
    lines += [_node_words(one) for one in feed.get("nodes", [])]
    lines += [_segment(one) for one in shown.get("segments", [])]
    return "\n".join(lines)


def _feed(feed: dict[str, Any]) -> str:
    came = f"{feed.get('lines', 0)} records, {feed.get('lost', 0)} lost"
    link = "connected" if feed.get("connected") else "NOT CONNECTED"
    return f"feed: {came}, completeness {feed.get('completeness', 0.0):.3g}, {link}"


def _node_words(one: dict[str, Any]) -> str:
    share = "unknown" if one["exposure"] is None else f"{one['exposure']:.4g}"
    state = "AWAY" if one["away"] else one["trouble"] or "fine"
    return f"  node {one['node']:<16} exposure {share}, {one['lost']} windows lost, {state}"


def _segment(one: dict[str, Any]) -> str:
    arms = f"old {one['failed_old']}/{one['n_old']}, new {one['failed_new']}/{one['n_new']} failed"
    return f"  {one['segment']:<16} {one['verdict']:<12} {arms}, log_e {one['log_e']:.2f}"


def _given(done: dict[str, Any]) -> str:
    if "exposure" not in done:
        return "done"
    found = f"no controller ran; exposure {done['exposure']:g} is in force"
    if done["journalled"]:
        return f"{found}, and the next controller will not raise it"
    return f"{found}. No rollout was under way: a controller that starts from now on begins one"


def _word(name: str, help_: str) -> None:
    @click.argument("config", type=click.Path())
    @options.as_json
    def give(config: str, json_: bool) -> None:
        from simcert.live import _config, _operate

        done = _operate.command(_config.load(config), name)
        if json_:
            options.print_json(done)
        else:
            click.echo(f"{name}: {_given(done)}")

    give.__doc__ = help_
    live.command(name)(give)


_word("pause", "Leave the exposure where it is until `resume`.")
_word("resume", "Go on after `pause`; after a rollback, begin a fresh attempt.")
_word("abort", "Withdraw the new certificate, also when no controller runs.")
_word(
    "promote",
    "Serve only the new certificate at once, whatever the evidence says.\n\n"
    "The rest of the ramp and the whole soak are skipped: no hold-back is left, the rollout is "
    "complete, and nothing watches the new certificate any more.",
)
