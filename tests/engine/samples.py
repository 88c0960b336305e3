"""What the rules find on two manifests, for tests that compare findings."""

from __future__ import annotations

from policylint.engine.judging import Judging
from policylint.engine.registry import shipped
from policylint.kubernetes.manifests.reader import Text
from policylint.model import Finding, Target
from policylint.pipeline.judging.judge import Case, judge

BY = Judging(tuple(rule for rule in shipped() if rule.id == "limits-removed"))


def upgrade_findings(before: Text, after: Text) -> tuple[Finding, ...]:
    """What `limits-removed` says."""
    return judge(Case("web", "default", Target("1.36"), (before,), (after,)), BY).findings
