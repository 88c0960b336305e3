"""`policylint check`: judge an upgrade before it runs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from msgspec.structs import replace

from policylint.cli.common import check_formats, emit
from policylint.cli.sides import Words, with_sides, words
from policylint.errors import UsageError
from policylint.model import Category, Severity
from policylint.options import Options

SETTINGS = {"context_settings": {"allow_extra_args": True}}


@with_sides
def command(
    options: Options,
    rollback: Annotated[str, typer.Option("--rollback", help="Check the rollback to this revision.")] = "",
    changed: Annotated[bool, typer.Option("--changed", help="Only releases that the changed FILES touch.")] = False,
    select: Annotated[Words | None, typer.Option("--select", help="Rule ids, packs or categories.")] = None,
    ignore: Annotated[Words | None, typer.Option("--ignore", help="Rule ids, packs or categories.")] = None,
    level: Annotated[Category | None, typer.Option("--level", help="This category and the harder ones.")] = None,
    fail_on: Annotated[Severity | None, typer.Option("--fail-on", help="The lowest severity that fails.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="What depends on live state is unknown.")] = False,
    allow_empty: Annotated[bool, typer.Option("--allow-empty", help="No resource on the after side is fine.")] = False,
    format_: Annotated[Words | None, typer.Option("--format", help="text, json, ...; FORMAT=FILE.")] = None,
) -> None:
    """Judge an upgrade before it runs.

    policylint check CHART -f values.yaml --before git:main, or policylint check -- helm upgrade ...
    """
    from policylint.pipeline import check

    check_formats(words(format_))
    if options.changed_files and not changed:
        _too_many(options)
    asked = replace(
        options,
        after="" if changed else options.after,
        changed=changed,
        changed_files=tuple(filter(None, (options.after, *options.changed_files))),
        rollback=rollback,
        select=words(select),
        ignore=words(ignore),
        level=level,
        fail_on=fail_on,
        strict=strict,
        allow_empty=allow_empty,
    )
    raise typer.Exit(emit(check(asked, _progress if sys.stderr.isatty() else None), words(format_)))


def _too_many(options: Options) -> None:
    words = " ".join(options.changed_files)
    raise UsageError(
        f"one chart at a time, and {options.after} is followed by: {words}",
        remedy="give each chart its own run, or list releases in .policylint.yaml; FILES go with --changed",
    )


def _progress(number: int, count: int, release: str) -> None:
    if count > 1:
        sys.stderr.write(f"\r\x1b[K{number}/{count} {release}" + ("\n" if number == count else ""))
