"""The errors policylint raises: each says what is wrong, where, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from policylint.model import ResourceId
from policylint.redaction.logins import without_logins


class PolicylintError(Exception):
    """Something policylint could not do: makes the verdict unknown (exit 2), never a pass.

    `remedy` is the next step for the user; `file` and `line` (1-based) are given where they are
    known. None of them keeps the login of a URL.
    """

    def __init__(self, message: str, *, remedy: str = "", file: str = "", line: int = 0) -> None:
        if "@" in message or "@" in remedy or "@" in file:
            message, remedy, file = map(without_logins, (message, remedy, file))
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.file = file
        self.line = line

    def __str__(self) -> str:
        if not self.file:
            return self.message
        line = f":{self.line}" if self.line else ""
        return f"{self.file}{line}: {self.message}"


class UsageError(PolicylintError):
    """The command line or the configuration asks for something that does not exist."""


class ReadError(PolicylintError):
    """A file, manifest or record that cannot be read as what it should be."""


class RenderError(PolicylintError):
    """Helm could not render a chart; the message holds helm's own words and the command.

    `certain` says that the chart and its values are at fault, and so that `helm upgrade` fails too.
    """

    certain = False
    unloaded = ""
    """The schema elsewhere that a chart's values.schema.json refers to, where helm could not load
    it."""


class SourceError(PolicylintError):
    """A side of the check cannot be found or made: no chart, no revision, no helm."""


def nearest(
    word: str, known: Iterable[str], otherwise: str = "see `policylint rules` for the names"
) -> str:
    """A remedy that names the known word nearest to `word`; `otherwise` where none is near."""
    close = closest(word, known, 0.5)
    if close:
        return f"did you mean {close}?"
    return otherwise


def closest(word: str, known: Iterable[str], alike: float = 0.6) -> str:
    """The known word that is nearest to `word`, "" where none is `alike` (1.0 is the same)."""
    import difflib

    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=alike)), "")


class RuleFailure(Struct, frozen=True):
    """A rule, or a part of the run, that could not judge: makes the verdict unknown."""

    rule: str
    message: str
    remedy: str = ""
    resource: ResourceId | None = None
