"""Custom resources and CustomResourceDefinitions, judged offline as the API server would.

Its names are loaded when somebody asks for one (PEP 562): behind them stand the parser and the
evaluation of CEL, and most releases have neither a definition nor a custom resource.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from policylint.kubernetes.crds.custom import stored_custom, validate_custom
    from policylint.kubernetes.crds.definition import judge_crd, validate_crd, validate_crd_update

__all__ = ["judge_crd", "stored_custom", "validate_crd", "validate_crd_update", "validate_custom"]

_HOMES = {
    "judge_crd": "definition",
    "stored_custom": "custom",
    "validate_crd": "definition",
    "validate_crd_update": "definition",
    "validate_custom": "custom",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)
