"""A render that helm refuses for certain: the subject of rules."""

from __future__ import annotations

from msgspec import Struct

from policylint.errors import RenderError


class FailedRender(Struct, frozen=True):
    """Helm's own words on the after side, the file and line they name, and what helps."""

    words: str
    remedy: str
    file: str = ""
    line: int = 0

    @classmethod
    def of(cls, error: RenderError) -> FailedRender:
        """The failure that an error tells."""
        return cls(error.message, error.remedy, error.file, error.line)
