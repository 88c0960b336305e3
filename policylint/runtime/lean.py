"""What libraries do when they are imported and no run needs: an eighth of all before helm starts,
a fifth of a small scan, left out.

Each module named here is executed with an `__import__` of its own. Nothing is replaced for the rest
of the process: whoever imports `re` or `typing_extensions` gets them as they are.
"""

from __future__ import annotations

import builtins
import re
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any

from policylint.runtime.patterns import pattern

LATER_PATTERNS = frozenset({"platform", "yaml.constructor", "yaml.reader", "yaml.resolver"})
"""Modules that compile patterns at once. That of PyYAML's reader in Python, which stands idle where
libyaml is built in, is a class of characters over all of Unicode: 6 ms."""
STANDARD_HINTS = frozenset({"msgspec._utils"})
"""Modules that look for type hints in `typing_extensions` first, and in `typing` where that is not
there: the same since Python 3.11, but for `inspect`, which the former loads: 4 ms."""


def begin() -> None:
    """From now on load these modules like that; for a process that is ours alone."""
    sys.meta_path.insert(0, _Finder)


class _Finder:
    """Finds what is named above where Python does, and nothing else."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's own spec with the loader below; None for any other."""
        if name not in LATER_PATTERNS and name not in STANDARD_HINTS:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec and type(spec.loader) is SourceFileLoader:
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    """Executes a module with an `__import__` of its own."""

    def exec_module(self, module: ModuleType) -> None:
        """Execute it."""
        if self.name in LATER_PATTERNS:
            load = _load_later_patterns
        else:
            load = _load_standard_hints
        vars(module)["__builtins__"] = {**vars(builtins), "__import__": load}
        super().exec_module(module)


def _load_later_patterns(name: str, *rest: Any) -> Any:
    if name == "re":
        return _later_re()
    return __import__(name, *rest)


def _later_re() -> ModuleType:
    """`re`, but for patterns that are compiled at their first use."""
    module = ModuleType("re")
    vars(module).update({**vars(re), "compile": pattern})
    return module


def _load_standard_hints(name: str, *rest: Any) -> Any:
    if name == "typing_extensions":
        raise ImportError(name)
    return __import__(name, *rest)
