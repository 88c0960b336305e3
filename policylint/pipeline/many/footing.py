"""What the judgement of a release rests on, as one digest: the content of all that it reads, never
only its name.

Two runs with the same digest judge the same. What cannot be put into one, or may come out otherwise
each time, has none: charts that are not at hand, templates that make random values or look at the
clock, a cluster that is asked, records with their age, rules in Python that others install.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from hashlib import blake2b
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from msgspec import msgpack
from msgspec.structs import replace

from policylint.helm.inputs.sides import ChartSide, ManifestSide, Side
from policylint.helm.render.double import can_differ, differs_each_time
from policylint.pipeline.plan import Plan
from policylint.runtime.resources import rule_files
from policylint.version import __version__

if TYPE_CHECKING:
    from policylint.helm.inputs.options import Options

FORMAT = "1"
"""Another word here makes all that was kept stale."""
_LIBRARIES = ("PyYAML", "msgspec", "ruamel.yaml", "jsonpatch", "google-re2")
"""What the judgement is computed with, beside this package."""
_VARIABLES = ("HELM_", "KUBE", "POLICYLINT_", "GO", "LC_", "LANG", "TZ", "HOME", "TMPDIR")
"""What variables that helm, Go or this package read begin with."""
_HOMES = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
_UNREAD = ("POLICYLINT_CACHE", "POLICYLINT_DEBUG")
_ROOM = re.compile(rb"policylint-run-\w{8}/policylint-\w{8}")
"""A temporary directory of a run: its files count by their content, not by its name."""
_SOME_ROOM = b"policylint-run-********/policylint-********"


class NoFootingError(Exception):
    """Nothing tells whether another run would judge the same."""


class Footing:
    """The digests of the releases of one run; charts that many releases share are read once."""

    def __init__(self, ground: bytes) -> None:
        self._ground = ground
        self._charts = cache(_chart)
        self._trees = cache(_tree)

    def again(self) -> Footing:
        """The same, with every file still to read."""
        return Footing(self._ground)

    def of(self, plan: Plan) -> str:
        """The digest of a plan; "" where it has none."""
        try:
            return self._digest(plan)
        except (NoFootingError, OSError, TypeError, ValueError, OverflowError, RecursionError):
            return ""

    def _digest(self, plan: Plan) -> str:
        refuse_unsteady(plan)
        hashed = blake2b(self._ground, digest_size=32)
        for side in (plan.before, plan.after, plan.named_after):
            self._add_side(hashed, side)
        if plan.settings.criteria.packs:  # one may be on trial until a day
            _add(hashed, str(date.today()).encode())
        for path in named_paths(plan):
            if path == "-":
                raise NoFootingError
            _add(hashed, self._trees(path))
        _add(hashed, _ROOM.sub(_SOME_ROOM, _ENCODER.encode(_comparable(plan))))
        return hashed.hexdigest()

    def _add_side(self, hashed: blake2b, side: Side) -> None:
        _add(hashed, type(side).__name__.encode())
        refuse_moving(side)
        if not isinstance(side, ChartSide):
            return
        _add(hashed, self._charts(side.chart))
        for file in side.values.named:
            content = _plain_file(Path(file))
            if differs_each_time(content):
                raise NoFootingError
            _add(hashed, content)
        values = side.values
        for argument in (*values.set, *values.set_string, *values.set_json, *values.set_literal):
            if differs_each_time(argument.encode()):
                raise NoFootingError


def refuse_unsteady(plan: Plan) -> None:
    """Raise `NoFootingError` for what is another each time, or is not read here."""
    options, criteria = plan.options, plan.settings.criteria
    is_elsewhere = options.ask is not None or any(plan.post_renderers)
    if plan.error is not None or is_elsewhere or any(pack.python for pack in criteria.packs):
        raise NoFootingError


def named_paths(plan: Plan) -> tuple[str, ...]:
    """What a plan reads beside its sides: definitions, policies, live objects, packs."""
    settings = plan.settings
    packs = (pack.path for pack in settings.criteria.packs)
    return *settings.crds, *settings.policies, *plan.options.live, *packs


def refuse_moving(side: Side) -> None:
    """Raise `NoFootingError` for a side whose content is not at hand, and for records, whose age is
    part of what is judged."""
    if isinstance(side, ManifestSide) and side.history is not None:
        raise NoFootingError
    if isinstance(side, ChartSide) and (side.copies or "://" in side.chart):
        raise NoFootingError


def common(options: Options) -> Options:
    """The options without what says where releases are judged, and how many at once."""
    return replace(options, jobs=0, shard="", executor="", no_cache=False)


def _comparable(plan: Plan) -> Any:
    """The plan without what bears on no release's judgement: where that is, and within which
    time."""
    options = replace(common(plan.options), time_limit=0.0)
    return replace(plan, settings=replace(plan.settings, options=options))


def _add(hashed: blake2b, content: bytes) -> None:
    hashed.update(b"%d " % len(content))
    hashed.update(content)


def _chart(path: str) -> bytes:
    """The digest of a chart at hand, which renders the same each time."""
    if can_differ(ChartSide(path)):
        raise NoFootingError
    return _tree(path)


def _tree(path: str) -> bytes:
    """The digest of a file, or of all files of a directory, by their names in it."""
    top = Path(path)
    hashed = blake2b(digest_size=32)
    if not top.is_dir() or top.is_symlink():
        _add(hashed, _plain_file(top))
        return hashed.digest()
    for file in _files(top):
        _add(hashed, file.relative_to(top).as_posix().encode())
        _add(hashed, _plain_file(file))
    return hashed.digest()


def _files(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.is_symlink():
            raise NoFootingError  # what it leads to may change without it
        if entry.is_dir():
            yield from _files(entry)
        else:
            yield entry


def _plain_file(path: Path) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise NoFootingError
    return path.read_bytes()


def _written(value: Any) -> Any:
    if isinstance(value, Mapping):
        return tuple(value.items())
    if isinstance(value, PurePath):
        return str(value)
    raise NoFootingError  # an object that is more than its values


_ENCODER = msgpack.Encoder(enc_hook=_written)


def ground(options: Options) -> bytes:
    """What all releases of a run rest on: this package, what it runs on and with, the engine, where
    it stands and the environment. Raises `NoFootingError` where that cannot be told."""
    _refuse_plugins()
    rows: Iterable[object] = (
        (FORMAT, __version__, sys.version, sys.platform, os.getcwd()),  # noqa: PTH109  links stay
        package_digest(),
        _libraries(),
        engine_digest(options),
        sorted(_environment()),
    )
    hashed = blake2b(digest_size=32)
    for row in rows:
        _add(hashed, repr(row).encode("utf-8", "surrogateescape"))
    return hashed.digest()


def _refuse_plugins() -> None:
    """Raise `NoFootingError` where other packages bring rules: nothing tells what they read."""
    from policylint.engine.registry import plugins

    if any(plugins()):
        raise NoFootingError


def _environment() -> Iterator[tuple[str, str]]:
    for name, value in os.environ.items():
        if name in _HOMES or (name.startswith(_VARIABLES) and name not in _UNREAD):
            yield name, value


def package_digest() -> str:
    """The digest of this package, or of the archive that it runs from."""
    import policylint

    folder = Path(policylint.__file__).parent
    archive = next((path for path in folder.parents if path.is_file()), None)
    if archive is not None:
        return _of_content(archive)
    hashed = blake2b(digest_size=32)
    for file in _sources(folder):
        _add(hashed, str(file.relative_to(folder)).encode())
        _add(hashed, file.read_bytes())
    for row in rule_files():  # beside the package in a checkout
        _add(hashed, "\0".join(row).encode())
    return hashed.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    """The files of the package; what Python compiles of them, and what is derived of them, follows
    from them."""
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and entry.name not in ("__pycache__", "derived"):
            yield from _sources(entry)
        elif entry.is_file() and entry.suffix != ".pyc":
            yield entry


def _libraries() -> tuple[tuple[str, str], ...]:
    from importlib.metadata import PackageNotFoundError, version

    rows = []
    for name in _LIBRARIES:
        try:
            rows.append((name, version(name)))
        except PackageNotFoundError:  # of another platform, or in one archive with this package
            rows.append((name, ""))
    return tuple(rows)


def engine_digest(options: Options) -> tuple[str, ...]:
    """The engine by its name, its version as it says it now, and its content.

    Raises `NoFootingError` where there is none.
    """
    from policylint.errors import PolicylintError
    from policylint.helm.engines.binary import HelmBinary, Process
    from policylint.helm.engines.choose import choose_engine

    try:
        engine = choose_engine(options.helm, options.timeout)
        if isinstance(engine, HelmBinary):
            # It may be a shim of a version manager: the version is asked for in this directory.
            code, told, _ = Process([engine.path, "version"], engine.time_limit).wait()
            if code:
                raise NoFootingError
            content = _of_content(Path(os.path.realpath(engine.path)))
            return engine.path, told.decode("utf-8", "replace"), content
        return engine.name, engine.version, _library()
    except PolicylintError as error:
        raise NoFootingError from error


def _library() -> str:
    """The digest of the embedded engine."""
    from importlib.util import find_spec

    spec = find_spec("helm_python")
    folders = (spec.submodule_search_locations if spec else None) or ()
    contents = (_of_content(file) for folder in folders for file in _sources(Path(folder)))
    return " ".join(contents)


def _of_content(file: Path) -> str:
    from hashlib import file_digest

    with file.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()
