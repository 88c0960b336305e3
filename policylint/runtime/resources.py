"""What comes with the package, in a checkout, a wheel or a zipped wheel: data files and modules."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

ROOT = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120  also a path inside a zipped wheel


def read(name: str) -> bytes:
    """The bytes of a file of the package, such as "data/apis.json"; raises OSError where there is
    none."""
    loader: Any = __spec__.loader  # it reads files wherever it loads modules from
    content: bytes = loader.get_data(f"{ROOT}{os.sep}{name.replace('/', os.sep)}")
    return content


def data(name: str) -> bytes:
    """The bytes of `policylint/data/NAME`."""
    return read(f"data/{name}")


def text(name: str) -> str:
    """The same as text."""
    return data(name).decode("utf-8")


def tables() -> tuple[str, ...]:
    """The names of the tables in YAML, `policylint/data/NAME.yaml`."""
    names = os.listdir(os.path.join(ROOT, "data"))  # noqa: PTH118, PTH208
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def modules(package: ModuleType) -> tuple[str, ...]:
    """The names of a package's modules, sorted; listed from its directory where it has one, which
    is quicker."""
    (path,) = package.__path__
    try:
        files = os.listdir(path)  # noqa: PTH208  pathlib costs more
    except NotADirectoryError:
        import pkgutil

        return tuple(sorted(module.name for module in pkgutil.iter_modules(package.__path__)))
    return tuple(
        sorted(name[:-3] for name in files if name.endswith(".py") and name != "__init__.py")
    )


def rule_files() -> Iterator[tuple[str, str]]:
    """(path such as "core/claim-deleted.yaml", text) of each shipped YAML rule, sorted: of `rules/`
    inside the package as in a wheel, or beside it as in a checkout."""
    for folder in (f"{ROOT}/rules", f"{os.path.dirname(ROOT)}/rules"):  # noqa: PTH120
        if os.path.isdir(folder):  # noqa: PTH112
            yield from _rules_below(folder)
            return
    yield from _zipped_rules()


def _rules_below(folder: str) -> Iterator[tuple[str, str]]:
    """The rules of a directory; pathlib would take three times as long for them."""
    for pack in sorted(os.listdir(folder)):  # noqa: PTH208
        if not os.path.isdir(f"{folder}/{pack}"):  # noqa: PTH112
            continue
        for name in sorted(os.listdir(f"{folder}/{pack}")):  # noqa: PTH208
            if name.endswith(".yaml"):
                with open(f"{folder}/{pack}/{name}", "rb") as file:  # noqa: PTH123
                    yield f"{pack}/{name}", file.read().decode("utf-8")


def _zipped_rules() -> Iterator[tuple[str, str]]:
    from importlib import resources

    for pack in sorted((resources.files("policylint") / "rules").iterdir(), key=_name):
        if not pack.is_dir():
            continue
        for entry in sorted(pack.iterdir(), key=_name):
            if entry.name.endswith(".yaml"):
                yield f"{pack.name}/{entry.name}", entry.read_text(encoding="utf-8")


def _name(entry: Traversable) -> str:
    return entry.name
