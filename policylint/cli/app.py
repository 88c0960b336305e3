"""Run the command that is asked for, and turn errors into messages and exit codes."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import perf_counter

from policylint import cli
from policylint.cli.help import through_typer
from policylint.cli.output import complain, tell
from policylint.cli.parameters import parameters, plain
from policylint.errors import PolicylintError, UsageError
from policylint.model import Verdict
from policylint.runtime import signals, trace
from policylint.runtime.resources import modules

NO_COMMANDS = ("app", "common", "debug", "help", "output", "parameters", "showing", "sides")
"""The modules of this package that are no commands."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; the words after `--` are the helm command to
    judge."""
    if sys.stdout is None:  # closed by whoever started us: there is nowhere to report to
        complain(_refused(OSError(errno.EBADF, os.strerror(errno.EBADF))))
        return Verdict.UNKNOWN.exit_code
    signals.begin()  # a polite kill ends as Ctrl-C does
    arguments, is_debugged = _without_debug(arguments)
    start = perf_counter()
    if is_debugged:
        trace.begin()
    try:
        code = _run(arguments)
        signals.check()
        sys.stdout.flush()
    except PolicylintError as error:
        complain(error)
        return Verdict.UNKNOWN.exit_code
    except KeyboardInterrupt:
        tell("policylint: interrupted\n")
        return 130
    except BrokenPipeError:
        _drop_output()
        return Verdict.UNKNOWN.exit_code
    except OSError as error:
        complain(_refused(error))
        _drop_output()
        return Verdict.UNKNOWN.exit_code
    except Exception as error:  # a defect of ours must not look like a verdict
        if is_debugged:
            raise
        words = f"an error of policylint itself: {type(error).__name__}: {error}"
        complain(PolicylintError(words, remedy="report it with the output of --debug"))
        return Verdict.UNKNOWN.exit_code
    finally:
        if is_debugged:
            importlib.import_module("policylint.cli.debug").report(start)
    return code


def _without_debug(arguments: Sequence[str]) -> tuple[list[str], bool]:
    """The arguments without `--debug`, and whether it or POLICYLINT_DEBUG asks for a trace; what
    stands after `--` is another program's."""
    words = list(arguments)
    end = words.index("--") if "--" in words else len(words)
    own = [word for word in words[:end] if word != "--debug"]
    asked = len(own) < end or bool(os.environ.get("POLICYLINT_DEBUG"))
    return own + words[end:], asked


def _run(arguments: Sequence[str]) -> int:
    if any("\0" in word for word in arguments):  # no system hands one over, but a caller may
        raise UsageError("a word of the command line holds a zero byte", remedy="take it out")
    words, helm_command = _cut(arguments)
    if helm_command:
        more = {"helm_command": helm_command}
    else:
        more = {}
    command = command_of(words[0]) if words else None
    if command is None:
        every = ((name, command_of(name)) for name in names())
        return through_typer(words, {name: known for name, known in every if known}, more)
    values = plain(parameters(command), words[1:])
    if values is None:
        return through_typer(words, {words[0]: command}, more)
    return command(**values, **more)


def _refused(error: OSError) -> PolicylintError:
    """What the system refused: a file, or the output, of which its errors do not name a file."""
    if error.filename:
        return PolicylintError(
            str(error.strerror),
            file=str(error.filename),
            remedy="check the path and who may use it",
        )
    return PolicylintError(
        f"cannot write to standard output: {error.strerror or error}",
        remedy="free some space, or name a file: --format",
    )


def _drop_output() -> None:
    """Send nowhere what is left to write, so that the end of the program does not try again."""
    if sys.stdout is not None:
        with suppress(OSError):  # a stream of a caller's own leads to no file
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def names() -> tuple[str, ...]:
    """The commands there are: the modules of this package that define `command`."""
    return tuple(name for name in modules(cli) if name not in NO_COMMANDS)


def command_of(name: str) -> Callable[..., int] | None:
    """The function of a command; None where no command is called so."""
    module = f"{cli.__name__}.{name}"
    if not name.isidentifier() or name in NO_COMMANDS:
        return None
    try:
        command: Callable[..., int] = importlib.import_module(module).command
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        return None
    return command


def _cut(arguments: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    words = list(arguments)
    if words[:1] == ["check"] and "--" in words:
        at = words.index("--")
        return words[:at], tuple(words[at + 1 :])
    return words, ()
