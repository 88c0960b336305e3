"""A file as the readers get it, and what a reader is.

A reader is a module of this package with a `READER`. Adding one touches that module alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct

from policylint.errors import RuleFailure
from policylint.scan.invocations.model import Invocation
from policylint.scan.texts.source import Source

Found = Invocation | RuleFailure
"""What a reader yields: an invocation, or that a part of the file cannot be read."""


class Reader(Struct, frozen=True):
    """One kind of file. `wants` looks at the name and the text (cheaply); `read` yields what it
    finds.

    Of the readers with `rank` 0 each that wants a file reads it; of those with a higher rank only
    the first. So a declaration inside a shell script is found beside the script's commands, and a
    workflow is not read again as plain YAML.
    """

    name: str
    wants: Callable[[Source], bool]
    read: Callable[[Source], Iterable[Found]]
    rank: int = 0
