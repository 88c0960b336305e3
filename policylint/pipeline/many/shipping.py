"""What a release is judged from, packed so that another machine has the same files at the same
paths below a directory of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from msgspec import Struct

from policylint.helm.inputs.sides import ChartSide, Side
from policylint.pipeline.many.footing import (
    NoFootingError,
    named_paths,
    refuse_moving,
    refuse_unsteady,
)
from policylint.pipeline.plan import Plan

Content = tuple[tuple[str, bytes], ...]


class Parcel(Struct, frozen=True):
    """A file, or the files of a directory, and the absolute path where they are here.

    `files` are (path below it, content); "" is the file itself.
    """

    top: str
    digest: str
    files: Content
    is_shared: bool = False
    """Whether other releases need it too: a chart."""


def parcels_of(plan: Plan) -> tuple[Parcel, ...] | None:
    """All that judging a plan reads; None where that is not at hand, or cannot be sent: charts that
    helm pulls, clusters, streams, links, rules in Python."""
    try:
        refuse_unsteady(plan)
        return tuple(_parcels(plan))
    except (NoFootingError, OSError, ValueError):
        return None


def _parcels(plan: Plan) -> Iterator[Parcel]:
    for side in dict.fromkeys(map(_known, (plan.before, plan.after, plan.named_after))):
        if side is None:
            continue
        chart, files = side
        yield _parcel(chart, is_shared=True)
        yield from (_parcel(file) for file in files)
    for path in named_paths(plan):
        yield _parcel(path, is_shared=True)


def _known(side: Side) -> tuple[str, tuple[str, ...]] | None:
    """(chart, values files) of a side that is a chart. Raises what `refuse_moving` raises."""
    refuse_moving(side)
    if isinstance(side, ChartSide):
        return (side.chart, side.values.named)
    return None


def _parcel(path: str, *, is_shared: bool = False) -> Parcel:
    top = os.path.abspath(path)  # noqa: PTH100  links are refused
    if is_shared:
        return _chart(top)
    return _packed(top, is_shared=False)


@lru_cache(maxsize=512)
def _chart(top: str) -> Parcel:
    return _packed(top, is_shared=True)


def _packed(top: str, *, is_shared: bool) -> Parcel:
    """The parcel of a path. Raises OSError for what is no plain file or directory."""
    files = tuple(_files(Path(top)))
    hashed = blake2b(top.encode("utf-8", "surrogateescape"), digest_size=16)
    for name, content in files:
        hashed.update(b"%d %d " % (len(name), len(content)))
        hashed.update(name.encode("utf-8", "surrogateescape"))
        hashed.update(content)
    return Parcel(top, hashed.hexdigest(), files, is_shared)


def _files(top: Path) -> Iterator[tuple[str, bytes]]:
    waiting = [top]
    while waiting:
        path = waiting.pop()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise OSError(f"{path} is no plain file")
        if path.is_dir():
            waiting += sorted(path.iterdir())
        else:
            yield "" if path == top else path.relative_to(top).as_posix(), path.read_bytes()


def unpack(parcel: Parcel, root: Path) -> None:
    """Write a parcel below a directory, at the path where it was packed."""
    top = below(root, parcel.top)
    for name, content in parcel.files:
        file = top / name if name else top
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def below(root: Path, path: str) -> Path:
    """An absolute path as one below another directory."""
    return root / path.lstrip("/")
