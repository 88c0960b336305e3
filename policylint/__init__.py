"""policylint: policy and pre-upgrade linting for Helm releases.

    import policylint
    report = policylint.check(policylint.Options(after="charts/web", before="git:main"))
    report.verdict, report.releases[0].findings

Everything public is imported on first use, so that `import policylint` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policylint.commands.check import check
    from policylint.engine.rule import Context, Rule
    from policylint.errors import PolicylintError, RuleFailure, UsageError
    from policylint.helm.inputs.options import Options
    from policylint.helm.inputs.sides import ValuesInput
    from policylint.model import (
        Apply,
        Category,
        Confidence,
        Created,
        Deleted,
        Finding,
        Fix,
        Kept,
        Resource,
        ResourceId,
        Severity,
        Target,
        Upgrade,
        Verdict,
        Violation,
    )
    from policylint.report.model import ReleaseReport, Report
    from policylint.version import __version__

_HOMES = (
    "version",
    "model",
    "errors",
    "report.model",
    "helm.inputs.options",
    "helm.inputs.sides",
    "engine.rule",
    "commands.check",
)

__all__ = [
    "Apply",
    "Category",
    "Confidence",
    "Context",
    "Created",
    "Deleted",
    "Finding",
    "Fix",
    "Kept",
    "Options",
    "PolicylintError",
    "ReleaseReport",
    "Report",
    "Resource",
    "ResourceId",
    "Rule",
    "RuleFailure",
    "Severity",
    "Target",
    "Upgrade",
    "UsageError",
    "ValuesInput",
    "Verdict",
    "Violation",
    "__version__",
    "check",
]


def __getattr__(name: str) -> object:
    if name in __all__:
        for home in _HOMES:
            module = importlib.import_module(f"{__name__}.{home}")
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
