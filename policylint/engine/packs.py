"""Packs: rules of the user's own, from files and directories.

A pack is a directory of rules in YAML, a file a rule; it may hold policies of a cluster too, which
are asked elsewhere. It reads no file of its own, reaches no network and runs no code, unless the
configuration opts in to rules in Python.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import zlib
from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path
from types import ModuleType

from msgspec import Struct
from msgspec.structs import replace

from policylint.engine.criteria import Pack
from policylint.engine.registry import rules_of, sorted_rules
from policylint.engine.rule import Rule
from policylint.errors import ReadError, UsageError
from policylint.kyaml.load import split
from policylint.report.places import called_as
from policylint.runtime.patterns import pattern

APART = frozenset(
    ("test", "tests", "fixtures", "examples", "testdata", ".chainsaw-test", "node_modules")
)
"""Directories of a pack that hold no rules."""
NO_RULES = ("kyverno-test.yaml", "kustomization.yaml", "kustomization.yml", "policylint.yaml")
_ENDINGS = (".yaml", ".yml")
_MOST_BYTES = 262_144
"""Bytes of one rule's file."""
_MOST_FILES = 5_000
_KIND, _VERSION = (pattern(rf"(?m)^[\"']?{key}[\"']?\s*:") for key in ("kind", "apiVersion"))


def rules_of_packs(packs: Iterable[Pack]) -> tuple[Rule, ...]:
    """The rules of some packs, each pack once. Raises `UsageError` with file, line and remedy for
    a rule that is none, and for two of one name."""
    rules: list[Rule] = []
    for pack in dict.fromkeys(packs):
        rules += rules_of_pack(pack)
    return sorted_rules(rules)


def rules_of_pack(pack: Pack) -> tuple[Rule, ...]:
    """The rules of one pack."""
    if pack.path == "-":
        return ()
    files = tuple(pack_files(pack))
    marks = tuple(_Mark.of(file, pack) for file in files)
    name = pack.name or (Path(pack.path).stem if files else "")
    return _loaded(marks, name, pack.python)


class _Mark(Struct, frozen=True):
    """A file as it was when it was read, and what messages call it."""

    path: str
    called: str
    modified: int
    size: int

    @classmethod
    def of(cls, file: Path, pack: Pack) -> _Mark:
        """The mark of a file of a pack."""
        if pack.called:
            called = called_as(str(file), {pack.path: pack.called})
        else:
            called = _shown(file)
        state = file.stat()
        return cls(str(file), called, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=256)
def _loaded(marks: tuple[_Mark, ...], name: str, python: bool) -> tuple[Rule, ...]:
    """The rules of files that are as they were when they were last read."""
    read = _of_python if python else _of_yaml
    rules_of_files = (read(Path(mark.path), mark.called) for mark in marks)
    return tuple(replace(rule, pack=name) for rules in rules_of_files for rule in rules)


def pack_files(pack: Pack) -> Iterator[Path]:
    """The files of a pack that may be rules. Raises `UsageError` where the path is not there."""
    path, called = Path(pack.path), pack.called or pack.path
    if path.is_file():
        yield path
        return
    if not path.is_dir():
        raise UsageError(
            f"no pack is there: {called}",
            remedy="name a directory of rules, a rule's file, or fetch it: policylint packs update",
        )
    endings = (".py",) if pack.python else _ENDINGS
    files = sorted(file for file in path.rglob("*") if file.suffix in endings)
    if len(files) > _MOST_FILES:
        raise UsageError(
            f"{called} holds {len(files)} files, more than a pack may",
            remedy="name the directory of the rules themselves",
        )
    yield from (file for file in files if _is_of_pack(file, path))


def _is_of_pack(file: Path, folder: Path) -> bool:
    inside = file.relative_to(folder).parts[:-1]
    return APART.isdisjoint(inside) and file.name not in NO_RULES and file.is_file()


def _of_yaml(file: Path, called: str) -> tuple[Rule, ...]:
    """The rule of a file; none where it holds objects of Kubernetes."""
    text = rule_text(file, called)
    if text is None:
        return ()
    try:
        # By name: it brings the evaluation of CEL, which a run without packs need not wait for.
        reader = importlib.import_module("policylint.engine.yamlrule")
        return (reader.read_rule(text, called),)
    except ReadError as error:
        raise UsageError(error.message, file=called, line=error.line, remedy=error.remedy) from None


def _shown(file: Path) -> str:
    """A file as a person here would write it."""
    here = Path.cwd()
    if file.is_relative_to(here):
        return str(file.relative_to(here))
    return str(file)


def rule_text(file: Path, called: str) -> str | None:
    """The text of a file that is a rule; None where it holds objects, which have a `kind`."""
    if file.stat().st_size > _MOST_BYTES:
        if is_of_objects(file.read_text("utf-8", "replace")):
            return None
        return _too_big(called)
    try:
        text = file.read_text("utf-8")
    except UnicodeDecodeError:
        raise UsageError("a rule is UTF-8", file=called, remedy="save it as UTF-8") from None
    if is_of_objects(text) or not text.strip():
        return None
    return text


def _too_big(called: str) -> str:
    raise UsageError(
        f"a rule of more than {_MOST_BYTES} bytes", file=called, remedy="split it into several"
    )


def is_of_objects(text: str) -> bool:
    """Whether a text holds objects of Kubernetes: a document with apiVersion and kind."""
    texts = (document.text for document in split(text, ""))
    return any(_KIND.search(body) and _VERSION.search(body) for body in texts)


def _of_python(file: Path, called: str) -> tuple[Rule, ...]:
    """The rules of a module by its path. Raises `UsageError` where it does not load."""
    return tuple(rules_of(_module(file, called)))


def _module(file: Path, called: str) -> ModuleType:
    name = f"policylint_rules_{zlib.crc32(str(file.parent).encode())}.{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise UsageError("no module of Python", file=called, remedy="name a .py file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever a rule's module raises: it is said, with its file
        raise UsageError(
            f"the module does not load: {type(error).__name__}: {error}",
            file=called,
            remedy="repair it, or take it out of python-rules",
        ) from error
    return module


def with_packs(
    rules: tuple[Rule, ...], own: Iterable[Rule], subjects: frozenset[type]
) -> tuple[Rule, ...]:
    """The rules with those of packs on these types (on any where none are named)."""
    wanted = [rule for rule in own if not subjects or _judges_one(rule, subjects)]
    if wanted:
        return sorted_rules((*rules, *wanted))
    return rules


def _judges_one(rule: Rule, subjects: frozenset[type]) -> bool:
    return any(issubclass(subject, rule.subjects) for subject in subjects)


def names_of(rules: Iterable[Rule]) -> frozenset[str]:
    """What rules may be chosen by: their ids and packs."""
    return frozenset(word for rule in rules for word in (rule.id, rule.pack))


def dry_rules(packs: Iterable[Pack]) -> frozenset[str]:
    """The rules of packs whose findings fail nothing today."""
    today = date.today()
    dry = (pack for pack in packs if pack.is_dry(today))
    return frozenset(rule.id for pack in dry for rule in rules_of_pack(pack))
