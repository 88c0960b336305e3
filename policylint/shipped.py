"""The data files that come with the package, in a checkout, a wheel or a zipped wheel."""

from __future__ import annotations

import pkgutil


def data(name: str) -> bytes:
    """The bytes of `policylint/data/NAME`; raises FileNotFoundError where there is no such file."""
    return pkgutil.get_data("policylint", f"data/{name}") or b""


def text(name: str) -> str:
    """The same as text."""
    return data(name).decode("utf-8")
