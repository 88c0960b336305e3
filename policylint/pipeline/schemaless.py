"""Charts whose schema refers to one elsewhere that helm cannot load here: all but their values is
judged."""

from __future__ import annotations

from msgspec.structs import replace

from policylint.errors import PolicylintError, RenderError, RuleFailure
from policylint.helm.inputs.sides import ChartSide, Side
from policylint.pipeline.plan import Plan

_FLAG = "--skip-schema-validation"


def without_schemas(plan: Plan, error: PolicylintError) -> Plan | None:
    """The plan with both sides rendered without schemas, which it says; None where something else
    kept helm from rendering, or where that was tried."""
    if not isinstance(error, RenderError) or not error.unloaded or _is_skipping(plan.after):
        return None
    failure = RuleFailure(
        "render",
        f"the values were not held against the chart's schema: helm could not load"
        f" {error.unloaded}, which it refers to",
        "let helm reach it here: it loads it at each upgrade too",
    )
    return replace(
        plan,
        before=_skipping(plan.before),
        after=_skipping(plan.after),
        named_after=_skipping(plan.named_after),
        failures=(*plan.failures, failure),
    )


def _is_skipping(side: Side) -> bool:
    return isinstance(side, ChartSide) and _FLAG in side.extra


def _skipping(side: Side) -> Side:
    if not isinstance(side, ChartSide) or _FLAG in side.extra:
        return side
    return replace(side, extra=(*side.extra, _FLAG))
