"""What is derived of files of the package: kept beside them, and believed only where it was derived
of these very bytes.

A wheel brings it (hatch_build.py derives it); in a checkout it is derived at first use and kept in
a folder that git ignores, where that can be written. Nothing needs it but a quick start.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from msgspec import DecodeError, Raw, Struct, ValidationError, json

from policylint.runtime.resources import ROOT, data

FOLDER = "derived"
FORMAT = b"2"
"""Another word here makes all that was kept stale."""


class _Kept(Struct, frozen=True):
    of: str
    value: Raw


def derived(name: str, contents: Iterable[bytes], make: Callable[[], Any]) -> Any:
    """What `make` derives of files with these contents, as JSON values; made only where it is not
    kept."""
    mark = digest(contents)
    value = kept(name, mark)
    if value is None:
        value = make()
        keep(name, mark, value)
    return value


def digest(contents: Iterable[bytes]) -> str:
    """What tells these contents from those of any other state of the package: the length and the
    checksum of each.

    That is enough to see an edit, and who could forge one could write the code itself; `hashlib`
    would bring OpenSSL, which takes longer than all that is read here.
    """
    from zlib import crc32  # the start of a render need not wait for it

    marks = (b"%x.%x" % (len(content), crc32(content)) for content in contents)
    return b" ".join((FORMAT, *marks)).decode()


def kept(name: str, mark: str) -> Any:
    """What is kept by this name, None where nothing is, or what was derived of other contents."""
    try:
        entry = json.decode(data(f"{FOLDER}/{name}.json"), type=_Kept)
        if entry.of == mark:
            return json.decode(entry.value)
    except (OSError, DecodeError, ValidationError):  # not there, or cut off
        pass
    return None


def keep(name: str, mark: str, value: Any) -> None:
    """Keep a value, whole or not at all; where nothing can be written, nothing is kept."""
    import tempfile  # it takes longer to load than all else here, and is seldom needed

    folder = Path(ROOT, "data", FOLDER)
    with contextlib.suppress(OSError):
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as room:
            begun = Path(room, name)
            begun.write_bytes(json.encode({"of": mark, "value": value}))
            begun.replace(folder / f"{name}.json")
