"""Build the typer application of the command that is asked for, and turn errors into messages and exit codes."""

from __future__ import annotations

import importlib
import os
import pkgutil
import signal
import sys
from collections.abc import Sequence

import typer

from policylint import __version__, cli
from policylint.errors import PolicylintError
from policylint.model import Verdict

ABOUT = "Will the cluster accept this helm upgrade, and the rollback? What will it destroy or interrupt?"
EXITS = "Exit codes: 0 pass, 1 fail, 2 unknown (policylint could not judge, or was called wrongly)."


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; the words after `--` are the helm command to judge."""
    head, command = _cut(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite kill ends as Ctrl-C does
    try:
        code = _application(head[0] if head else "")(
            args=head, prog_name="policylint", standalone_mode=False, obj={"command": command}
        )
    except typer.TyperException as error:
        where = f"policylint {head[0]}" if head and head[0] in names() else "policylint"
        _complain(PolicylintError(error.format_message(), remedy=f"see {where} --help"))
        return Verdict.UNKNOWN.exit_code
    except PolicylintError as error:
        _complain(error)
        return Verdict.UNKNOWN.exit_code
    except (typer.Abort, KeyboardInterrupt):
        sys.stderr.write("policylint: interrupted\n")
        return 130
    except BrokenPipeError:
        return Verdict.UNKNOWN.exit_code
    except Exception as error:  # a defect of ours must not look like a verdict
        if os.environ.get("POLICYLINT_DEBUG"):
            raise
        words = f"an error of policylint itself: {type(error).__name__}: {error}"
        _complain(PolicylintError(words, remedy="report it with the output of POLICYLINT_DEBUG=1"))
        return Verdict.UNKNOWN.exit_code
    return code if isinstance(code, int) else 0


def names() -> tuple[str, ...]:
    """The commands there are: the modules of this package that define `command`."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(cli.__path__) if m.name not in ("app", "common", "sides")))


def _application(wanted: str) -> typer.Typer:
    """An application with the wanted command only, or with all of them where that is no command (`--help`)."""
    app = typer.Typer(
        name="policylint",
        help=ABOUT,
        epilog=EXITS,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(_root)
    for name in (wanted,) if wanted in names() else names():
        module = importlib.import_module(f"{cli.__name__}.{name}")
        settings = getattr(module, "SETTINGS", {})
        app.command(name.replace("_", "-"), **settings)(module.command)
    return app


def _root(
    version: bool = typer.Option(False, "--version", "-V", help="Print the version and exit.", is_eager=True),
) -> None:
    if version:
        typer.echo(f"policylint {__version__}")
        raise typer.Exit


def _cut(arguments: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    words = list(arguments)
    if words[:1] == ["check"] and "--" in words:
        at = words.index("--")
        return words[:at], tuple(words[at + 1 :])
    return words, ()


def _complain(error: PolicylintError) -> None:
    sys.stderr.write(f"policylint: {error}\n")
    if error.remedy:
        sys.stderr.write(f"  fix  {error.remedy}\n")
