"""The options that every command with a report shares: its formats, and how the text looks."""

import os
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import wraps
from typing import Annotated, Any

from msgspec import Struct
from msgspec.structs import replace

from policylint.cli.common import emit
from policylint.cli.parameters import Words, option, parameters, words
from policylint.model import Severity, Verdict
from policylint.pipeline.showing.publish import counted, from_severity, outputs, snippets
from policylint.report.counts import By
from policylint.report.look import Fixes, Look
from policylint.report.model import Report


class Colour(StrEnum):
    """When text is painted."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Showing(Struct, frozen=True):
    """What is shown of a report, and how."""

    formats: tuple[str, ...] = ()
    quiet: bool = False
    statistics: bool = False
    fixes: Fixes = Fixes.FIRST
    least: Severity = Severity.NOTE
    exit_zero: bool = False
    colour: Colour = Colour.AUTO
    waived: bool = False
    runbook: str = ""
    summary_by: By | None = None


def showing(
    format_: Annotated[
        Words | None,
        option("--format", help="text, json, html, sarif, ...; FORMAT=FILE; may be given often."),
    ] = None,
    quiet: Annotated[
        bool, option("--quiet", "-q", help="Findings alone; nothing for a pass without any.")
    ] = False,
    statistics: Annotated[
        bool, option("--statistics", help="Also how often each rule found something.")
    ] = False,
    show_fixes: Annotated[
        Fixes, option("--show-fixes", help="none, first or all of a finding's fixes.")
    ] = Fixes.FIRST,
    min_severity: Annotated[
        Severity, option("--min-severity", help="Show no less; the verdict stays.")
    ] = Severity.NOTE,
    exit_zero: Annotated[
        bool, option("--exit-zero", help="Exit 0 for fail too; unknown stays 2.")
    ] = False,
    color: Annotated[
        Colour, option("--color", help="auto (NO_COLOR, FORCE_COLOR), always or never.")
    ] = Colour.AUTO,
    show_waived: Annotated[
        bool, option("--show-waived", help="List waived and known findings too.")
    ] = False,
    runbook: Annotated[
        str, option("--runbook", help="Write the steps through a break to FILE.md.")
    ] = "",
    summary_by: Annotated[
        By | None, option("--summary-by", help="Count by rule, owner or release.")
    ] = None,
) -> Showing:
    """The options as one value."""
    return Showing(
        words(format_),
        quiet,
        statistics,
        show_fixes,
        min_severity,
        exit_zero,
        color,
        show_waived,
        runbook,
        summary_by,
    )


Shown = Callable[[tuple[str, ...]], int]
"""Prints in the formats that are named what is no report, and returns the exit code."""


def with_showing(function: Callable[..., Report | int | Shown]) -> Callable[..., int]:
    """A command that makes a report: gives it the options of showing it after its own. An unknown
    format is refused before any work is done. A command that made none returns its exit code, or
    what shows what it made."""
    shared = parameters(showing)

    @wraps(function)
    def command(**arguments: Any) -> int:
        asked = showing(**{option.name: arguments.pop(option.name) for option in shared})
        outputs(asked.formats, os.environ, asked.runbook)
        made = function(**arguments)
        if isinstance(made, Report):
            return _shown(made, asked)
        if isinstance(made, int):
            return made
        return made(asked.formats)

    command.parameters = (*parameters(function), *shared)  # type: ignore[attr-defined]  # read by parameters()
    return command


def _shown(report: Report, asked: Showing) -> int:
    shown, hidden = from_severity(report, asked.least)
    look = replace(
        look_of(asked, os.environ),
        hidden=hidden,
        snippets=snippets(shown),
    )
    shown = replace(shown, counts=counted(report, asked.summary_by))
    emit(shown, asked.formats, look, asked.runbook)
    passes = asked.exit_zero and report.verdict is Verdict.FAIL
    if passes:
        return 0
    return report.verdict.exit_code


def look_of(asked: Showing, environment: Mapping[str, str]) -> Look:
    """How text looks on this standard output."""
    terminal = sys.stdout.isatty()
    colour = in_colour(asked.colour, environment, terminal=terminal)
    width = 0
    if terminal:
        import shutil  # it brings every format of archives

        width = shutil.get_terminal_size().columns
    return Look(
        colour=colour,
        links=colour and terminal,
        width=width,
        quiet=asked.quiet,
        statistics=asked.statistics,
        fixes=asked.fixes,
        waived=asked.waived,
        ids=not asked.quiet,
    )


def in_colour(colour: Colour, environment: Mapping[str, str], *, terminal: bool) -> bool:
    """Whether to paint: what is asked for, then NO_COLOR (https://no-color.org), then FORCE_COLOR
    (https://force-color.org), then whether it is a terminal that can."""
    if colour is not Colour.AUTO:
        return colour is Colour.ALWAYS
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return terminal and environment.get("TERM") != "dumb"
