"""What comes with the package, in a checkout, a wheel or a zipped wheel: data files and modules."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any

_ROOT = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120  also a path inside a zipped wheel


def read(name: str) -> bytes:
    """The bytes of a file of the package, such as "data/apis.json"; raises OSError where there is
    none."""
    loader: Any = __spec__.loader  # it reads files wherever it loads modules from
    found: bytes = loader.get_data(os.path.join(_ROOT, *name.split("/")))  # noqa: PTH118
    return found


def data(name: str) -> bytes:
    """The bytes of `policylint/data/NAME`."""
    return read(f"data/{name}")


def text(name: str) -> str:
    """The same as text."""
    return data(name).decode("utf-8")


def table(name: str) -> Any:
    """The value of `policylint/data/NAME.yaml`, from the JSON that `make docs` makes of it."""
    from msgspec import json

    return json.decode(data(f"{name}.yaml.json"))


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


def sizes(folder: str) -> dict[str, int]:
    """The bytes of each module of a folder of the package; of none in a zipped wheel."""
    try:
        with os.scandir(f"{_ROOT}/{folder}") as entries:
            return {
                entry.name: entry.stat().st_size for entry in entries if entry.name.endswith(".py")
            }
    except NotADirectoryError:
        return {}
