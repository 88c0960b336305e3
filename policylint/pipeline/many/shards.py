"""A run in shards: each judges a part of the releases, and their reports together are the run.

What releases show together, waivers and the baseline are judged once, where the reports are merged:
in the same checkout, which is loaded again and must be the one that the shards judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from msgspec import Raw, Struct, json

from policylint.errors import SourceError, UsageError
from policylint.helm.inputs.options import Options
from policylint.pipeline.assessed import Assessed, plain, read, written
from policylint.pipeline.load import Loaded
from policylint.pipeline.many.footing import Footing, common, package_digest
from policylint.report.model import Shard

_NOT_ONE = "make it with: policylint check --shard I/N --format json=FILE"
_SETS = ("set", "set_string", "set_json", "set_file", "set_literal")


class _Rows(Struct, frozen=True):
    """What a shard's report holds for the merge."""

    index: int
    count: int
    run: str
    """The digest of what all shards of the run judge."""
    options: Options
    rows: tuple[tuple[int, Raw], ...]
    """(place of the release in the run, what it came to)."""


class _Part(Struct, frozen=True):
    merge: _Rows


class _Report(Struct, frozen=True):
    shard: _Part | None = None


class Merged(Struct, frozen=True):
    """The shards of one run, read: what was asked for, and what each release came to."""

    options: Options
    run: str
    rows: dict[int, Assessed]


def shard_of(word: str) -> tuple[int, int]:
    """(I, N) of "I/N". Raises `UsageError` for anything else."""
    index, _, count = word.partition("/")
    if not (index.isascii() and index.isdigit() and count.isascii() and count.isdigit()):
        raise UsageError(f"--shard takes I/N, not {word!r}", remedy="--shard 1/4, ... --shard 4/4")
    if not 1 <= int(index) <= int(count):
        raise UsageError(f"there is no shard {word}", remedy=f"--shard 1/{count or 1} is the first")
    return int(index), int(count)


def refuse_unsharded(options: Options) -> None:
    """Raise `UsageError` for what is no shard, for a run of one release, and for values that would
    stand in every report."""
    shard_of(options.shard)
    if options.after or options.rollback or options.command:
        raise UsageError(
            "--shard is for the releases of a configuration or repository, and one is named",
            remedy="leave out --shard, or CHART",
        )
    if any(getattr(options.values, name) for name in _SETS):
        raise UsageError(
            "--shard takes no --set: it would be written into the report, secrets too",
            remedy="put the values into a file: -f FILE",
        )


def shard_report(
    loaded: Loaded, options: Options, places: Sequence[int], rows: Sequence[Assessed]
) -> Shard:
    """What the report of a shard says for the merge. Raises `SourceError` for a release whose
    report cannot be written down exactly."""
    index, count = shard_of(options.shard)
    shown = []
    for place, assessed in zip(places, rows, strict=True):
        content = written(assessed)
        if read(content) != assessed:
            raise SourceError(
                f"the report of {assessed.report.name} cannot be written down exactly",
                remedy="leave out --shard, and report it as a defect of policylint",
            )
        shown.append((place, Raw(content)))
    own = _Rows(index, count, run_digest(loaded, options), common(options), tuple(shown))
    document: dict[str, Any] = json.decode(json.encode(own, enc_hook=plain))
    return Shard(index, count, len(places), len(loaded.plans), document)


def run_digest(loaded: Loaded, options: Options) -> str:
    """The digest of all that a run judges: its releases, and the content of their sides."""
    footing = Footing(package_digest().encode())
    hashed = blake2b(digest_size=32)
    hashed.update(json.encode(common(options), enc_hook=plain))
    for plan in loaded.plans:
        names = (plan.release, plan.namespace, plan.options.environment, plan.options.after)
        words = (*names, plan.before.label, plan.after.label, footing.of(plan))
        hashed.update(repr(words).encode("utf-8", "surrogateescape"))
    return hashed.hexdigest()


def merged(files: Sequence[str]) -> Merged:
    """The reports of all shards of one run. Raises `UsageError` where one is none, is of another
    run, is there twice or is missing."""
    shards: dict[int, tuple[str, _Rows]] = {}
    for file in files:
        own = _shard(file)
        first_file, first = next(iter(shards.values()), (file, own))
        if (own.run, own.count, own.options) != (first.run, first.count, first.options):
            raise UsageError(
                f"this is of another run than {first_file}",
                file=file,
                remedy="merge the reports of one run: one commit, one policylint, the same options",
            )
        if own.index in shards:
            raise UsageError(
                f"shard {own.index}/{own.count} is here twice: {shards[own.index][0]}",
                file=file,
                remedy="name each report once",
            )
        shards[own.index] = file, own
    if not shards:
        raise UsageError("no report is named", remedy="policylint merge REPORT.json ...")
    count = next(iter(shards.values()))[1].count
    missing = [str(index) for index in range(1, count + 1) if index not in shards]
    if missing:
        raise UsageError(
            f"of {count} shards these are missing: {', '.join(missing)}",
            remedy="name the reports of all; a shard that failed to run must run again",
        )
    _, first = shards[1]
    rows = {place: read(bytes(row)) for _, own in shards.values() for place, row in own.rows}
    return Merged(first.options, first.run, rows)


def _shard(file: str) -> _Rows:
    try:
        content = Path(file).read_bytes()
    except OSError as error:
        raise UsageError(
            f"it cannot be read: {error.strerror}", file=file, remedy=_NOT_ONE
        ) from None
    except ValueError as error:  # a name with a zero byte
        raise UsageError(f"it cannot be read: {error}", file=file, remedy=_NOT_ONE) from None
    try:
        shard = json.decode(content, type=_Report).shard
        if shard is not None and _is_whole(shard.merge):
            return shard.merge
    except (ValueError, RecursionError):  # no JSON, or not of this form
        pass
    raise UsageError("this is no report of a shard", file=file, remedy=_NOT_ONE)


def _is_whole(own: _Rows) -> bool:
    """Whether it holds releases of this shard, each once; raises ValueError for what is no
    report."""
    places = [place for place, _ in own.rows]
    for _, row in own.rows:
        read(bytes(row))
    is_own = all(place % own.count == own.index - 1 for place in places)
    return 1 <= own.index <= own.count and is_own and len(set(places)) == len(places)


def rows_of(merged: Merged, loaded: Loaded) -> list[Assessed]:
    """What each release came to, in their order. Raises `UsageError` where what is here is not what
    the shards judged."""
    if run_digest(loaded, merged.options) != merged.run:
        raise UsageError(
            "what is here is not what the shards judged: another commit, path or policylint",
            remedy="merge in the same checkout: the same commit, in a directory of the same path",
        )
    if sorted(merged.rows) != list(range(len(loaded.plans))):
        raise UsageError(
            f"the shards hold {len(merged.rows)} of {len(loaded.plans)} releases",
            remedy="make the reports again",
        )
    return [merged.rows[place] for place in range(len(loaded.plans))]
