"""Help and complaints: the command line through typer, for words that are not plainly right."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from policylint.cli.output import show
from policylint.cli.parameters import Parameter, parameters
from policylint.errors import UsageError
from policylint.version import __version__

if TYPE_CHECKING:  # typer and inspect cost more than most checks: loaded where they are needed
    import inspect

    import typer

ABOUT = (
    "Will the cluster accept this helm upgrade, and the rollback? What will it destroy or "
    "interrupt?"
)
COMPLETING = "_POLICYLINT_COMPLETE"
"""What the script of `policylint completion` asks by."""
EXITS = "Exit codes: 0 pass, 1 fail, 2 unknown (policylint could not judge, or was called wrongly)."


def through_typer(
    words: Sequence[str], commands: Mapping[str, Callable[..., int]], more: Mapping[str, Any]
) -> int:
    """Run a command line of one of the commands, or print its help, and return the exit code.

    Raises `UsageError` in typer's words for what it does not understand; `more` is given to the
    command beside them.
    """
    import typer

    if COMPLETING in os.environ:
        from typer._completion_classes import completion_init

        completion_init()
    app = _application()
    for name, command in commands.items():
        app.command(name.replace("_", "-"), short_help=_first_sentence(command))(
            _typed(command, more)
        )
    try:
        code = app(args=list(words), prog_name="policylint", standalone_mode=False)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except typer.TyperException as error:
        if words and words[0] in commands:
            where = f"policylint {words[0]}"
        else:
            where = "policylint"
        raise UsageError(error.format_message(), remedy=f"see {where} --help") from None
    if isinstance(code, int):
        return code
    return 0


def _first_sentence(command: Callable[..., int]) -> str:
    """What the list of commands says of one: whole, for a line that is cut off tells nobody."""
    first = " ".join((command.__doc__ or "").partition("\n\n")[0].split())
    if first.endswith(("?", "!")):
        return first
    return first.rstrip(".")


def _application() -> typer.Typer:
    """The program without its commands."""
    import typer

    app = typer.Typer(
        name="policylint",
        help=ABOUT,
        epilog=EXITS,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
    )

    @app.callback()
    def root(
        version: bool = typer.Option(
            False, "--version", "-V", help="Print the version and exit.", is_eager=True
        ),
        debug: bool = typer.Option(
            False, "--debug", help="Tell what was run and how long it took (POLICYLINT_DEBUG=1)."
        ),
    ) -> None:
        del debug  # taken out of the words before they are read, wherever it stands
        if version:
            show(f"policylint {__version__}\n")
            raise typer.Exit

    return app


def _typed(command: Callable[..., int], more: Mapping[str, Any]) -> Callable[..., int]:
    """The command with the signature that typer reads."""

    import functools
    import inspect

    @functools.wraps(command)
    def typed(**values: Any) -> int:
        return command(**values, **more)

    signature = inspect.Signature([_parameter(taken) for taken in parameters(command)])
    typed.__signature__ = signature  # type: ignore[attr-defined]  # what inspect looks for first
    return typed


def _parameter(taken: Parameter) -> inspect.Parameter:
    import inspect

    import typer

    spellings, words = taken.option.spellings, taken.option.help
    if spellings:
        spelled = typer.Option(*spellings, help=words)
    else:
        spelled = typer.Argument(help=words)
    return inspect.Parameter(
        taken.name,
        inspect.Parameter.KEYWORD_ONLY,
        annotation=Annotated[taken.annotation, spelled],
        default=inspect.Parameter.empty if taken.default is ... else taken.default,
    )
