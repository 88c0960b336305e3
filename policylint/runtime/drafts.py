"""What files would hold: read instead of what they do hold, while a repair is tried."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

_drafts: dict[str, bytes] = {}


@contextmanager
def drafted(contents: Mapping[str, bytes]) -> Iterator[None]:
    """Meanwhile, these files hold this."""
    before = dict(_drafts)
    _drafts.update((os.path.realpath(name), content) for name, content in contents.items())
    try:
        yield
    finally:
        _drafts.clear()
        _drafts.update(before)


def draft(path: str | os.PathLike[str]) -> bytes | None:
    """What a file would hold; None where it holds what it does."""
    if not _drafts:
        return None
    return _drafts.get(os.path.realpath(path))
