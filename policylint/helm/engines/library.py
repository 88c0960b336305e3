"""The embedded library: loaded once, or said why it cannot be."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from policylint.errors import SourceError


def is_installed() -> bool:
    """Whether the embedded engine is there, without importing it."""
    return find_spec("helm_python") is not None


def library() -> Any:
    """Helm's code as a Python module; raises SourceError where it is not installed or cannot be
    loaded here."""
    try:
        import helm_python
    except Exception as error:  # the library's own error has no name before the library is there
        raise SourceError(
            f"the embedded engine cannot be loaded: {error}",
            remedy="install policylint[embedded] for this platform, or install Helm and name it "
            "with --helm",
        ) from error
    return helm_python
