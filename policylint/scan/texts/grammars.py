"""The tree-sitter grammars, loaded without their packages' Python part.

That part can also read the grammar's own queries, for which it imports importlib.resources: that
takes longer than parsing all files of most repositories.
"""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def parser(package: str) -> Any:
    """A parser of the grammar in a package such as `tree_sitter_bash`."""
    from tree_sitter import Language, Parser

    return Parser(Language(_binding(package).language()))


def _binding(package: str) -> Any:
    from importlib.machinery import PathFinder
    from importlib.util import find_spec, module_from_spec

    parent = find_spec(package)
    spec = PathFinder.find_spec(
        f"{package}._binding", parent.submodule_search_locations if parent else None
    )
    if spec is None or spec.loader is None:
        from importlib import import_module

        return import_module(package)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
