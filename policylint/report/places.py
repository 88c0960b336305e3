"""Where a finding is: the place of the user's own that a format can point at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from policylint.model import Finding, Location

_ROLES = ("cause", "command", "record", "rendered")
"""The roles of a location, from what the user should change to where it shows."""


NO_FILE = ".policylint.yaml"
"""Code hosts drop what has no file; it is shown at the configuration."""


def primary(finding: Finding) -> Location | None:
    """The place to point at: the cause where it is known, else the command, record or template.

    A template is named by its own file where that is in the work tree. A flag of a command line
    that stands in no file comes last.
    """
    places = [
        location
        for role in _ROLES
        for location in finding.locations
        if location.role == role and location.file
    ]
    first = next(iter(sorted(places, key=_is_flag)), None)
    if first is not None and first.path:
        return replace(first, file=first.path)
    return first


def _is_flag(place: Location) -> bool:
    return place.role == "command" and not place.line


def line_of(location: Location) -> int:
    """The line to show in a user's file; a rendered line is none of a file's."""
    if location.role == "rendered":
        return location.template_line
    return location.line


def called_as(file: str, called: Mapping[str, str]) -> str:
    """A file by the name that stands for the beginning of its path: it may be a copy."""
    for place, name in called.items():
        if file.startswith(place):
            return name + file.removeprefix(place)
    return file


def shown_path(file: str) -> str:
    """A file's name relative to the current directory when beneath it, else as it is."""
    path = Path(file)
    if not path.is_absolute():
        return file
    here = Path.cwd()
    if path.is_relative_to(here):
        return path.relative_to(here).as_posix()
    return file
