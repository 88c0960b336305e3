"""How much a report shows, and how lines look in a terminal: colour, links, width."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from policylint.runtime.escapes import escaped

COLOURS = {
    "error": "31;1",
    "warning": "33;1",
    "note": "36",
    "pass": "32;1",
    "fail": "31;1",
    "unknown": "35;1",
    "caret": "36;1",
}
HANGING = 14
"""The column in which the text of a row begins."""


class Fixes(StrEnum):
    """Which fixes of a finding are shown."""

    NONE = "none"
    FIRST = "first"
    ALL = "all"


class Look(Struct, frozen=True):
    """How the text report is to look."""

    colour: bool = False
    links: bool = False
    """Rule ids are links (OSC 8), where the terminal knows them."""
    width: int = 0
    """Columns of the terminal; 0 for no terminal, where nothing is wrapped."""
    quiet: bool = False
    """Findings and what could not be judged, and nothing at all for a pass without any."""
    statistics: bool = False
    fixes: Fixes = Fixes.FIRST
    waived: bool = False
    """Findings that are waived or known too."""
    ids: bool = False
    """The fingerprint of each finding, by which it is approved."""
    hidden: int = 0
    """How many findings are below the severity that is shown."""
    snippets: Mapping[tuple[str, int], str] = field(default_factory=dict)
    """Lines of the user's own files, by file and line, secrets masked."""


PLAIN = Look()


class Headline(Struct, frozen=True):
    """A line whose first words are painted."""

    words: str
    name: str
    """What they are painted as: a severity or a verdict."""
    rest: str = ""
    link: str = ""


class Row(Struct, frozen=True):
    """A line of a name and what is said of it."""

    label: str
    text: str


class Prose(Struct, frozen=True):
    """A line that may be broken."""

    text: str


Line = str | Headline | Row | Prose
"""A plain line is shown as it is, however long: somebody may copy it."""


def written(line: Line, look: Look) -> str:
    """A line as it is shown: what came from outside cannot act in a terminal or a log."""
    if isinstance(line, str):
        return escaped(line)
    if isinstance(line, Row):
        return wrapped(escaped(f"  {line.label:<11} {line.text}"), look.width, HANGING)
    if isinstance(line, Prose):
        return wrapped(escaped(line.text), look.width, 4)
    words = escaped(line.words)
    text = wrapped(words + escaped(line.rest), look.width, 2)
    if text.startswith(words):
        return painted(words, line, look) + text[len(words) :]
    return text


def painted(words: str, line: Headline, look: Look) -> str:
    """The first words of a headline in their colour, as a link where they have one."""
    if look.colour:
        shown = f"\x1b[{COLOURS[line.name]}m{words}\x1b[0m"
    else:
        shown = words
    if look.links and line.link:
        return f"\x1b]8;;{line.link}\x1b\\{shown}\x1b]8;;\x1b\\"
    return shown


def wrapped(text: str, width: int, hanging: int) -> str:
    """The text in lines of at most `width` columns, all but the first indented."""
    if not width:
        return text
    import textwrap

    lines = text.split("\n")
    width = max(width, 2 * hanging)
    wrap = textwrap.TextWrapper(
        width,
        subsequent_indent=" " * hanging,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
    )
    return "\n".join(line if len(line) <= width else wrap.fill(line) for line in lines)
