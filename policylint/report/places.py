"""Where a finding is: the place of the user's own that a format can point at."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from policylint.model import Finding, Location

_ROLES = ("cause", "command", "record", "rendered")
"""The roles of a location, from what the user should change to where it shows."""


def primary(finding: Finding) -> Location | None:
    """The place to point at: the cause where it is known, else the command, record or template.

    A template is named by its own file where that is in the work tree.
    """
    for role in _ROLES:
        for location in finding.locations:
            if location.role == role and location.file:
                if location.path:
                    return replace(location, file=location.path)
                return location
    return None


def line_of(location: Location) -> int:
    """The line to show in a user's file; a rendered line is none of a file's."""
    if location.role == "rendered":
        return location.template_line
    return location.line


def shown_path(file: str) -> str:
    """A file's name relative to the current directory when beneath it, else as it is."""
    path = Path(file)
    if not path.is_absolute():
        return file
    here = Path.cwd()
    if path.is_relative_to(here):
        return path.relative_to(here).as_posix()
    return file
