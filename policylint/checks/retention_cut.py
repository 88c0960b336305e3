"""Data is kept for a shorter time.

What happens: what is older is deleted soon after the upgrade, and does not come back with a
rollback.

Why: a field that says how long data is kept (of Prometheus, Thanos, Kafka topics, Velero backups)
falls.

What to do instead: keep it; or copy what is older first.
"""

import re
from collections.abc import Iterator, Mapping

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at
from policylint.model import Category, Fix, Json, Kept, Severity, Violation
from policylint.runtime.digits import whole_or
from policylint.runtime.pointers import step

FIELDS: Mapping[tuple[str, str], tuple[tuple[str, ...], ...]] = {
    ("monitoring.coreos.com", "Prometheus"): (("spec", "retention"),),
    ("monitoring.coreos.com", "ThanosRuler"): (("spec", "retention"),),
    ("monitoring.coreos.com", "Alertmanager"): (("spec", "retention"),),
    ("kafka.strimzi.io", "KafkaTopic"): (("spec", "config", "retention.ms"),),
    ("velero.io", "Schedule"): (("spec", "template", "ttl"),),
    ("postgresql.cnpg.io", "Cluster"): (("spec", "backup", "retentionPolicy"),),
}
"""Where each kind says how long data is kept (the documentation of each operator)."""
UNITS = {
    "ms": 0.001,
    "s": 1,
    "m": 60,
    "h": 3600,
    "d": 86400,
    "w": 604800,
    "y": 31536000,
}


@rule(category=Category.DATA_LOSS, severity=Severity.WARNING)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """A shorter time than before in one of these fields."""
    for steps in FIELDS.get((change.id.group, change.id.kind), ()):
        was, becomes = (at(side.body, *steps) for side in (change.before, change.after))
        old, new = _seconds(was, steps[-1]), _seconds(becomes, steps[-1])
        if old is not None and new is not None and 0 <= new < old:
            path, unit = "", " ms" if steps[-1].endswith(".ms") else ""
            for name in steps:
                path = step(path, name)
            yield Violation(
                message=f"{change.id} deletes what is older than {becomes}{unit} ({was}{unit} "
                "until now)",
                because="the time for which data is kept is shorter, and no rollback brings it "
                "back",
                path=path,
                before=was,
                after=becomes,
                fixes=(Fix(f"keep {steps[-1]}: {was}"),),
            )


def _seconds(written: Json, field: str) -> float | None:
    """A duration (30d, 720h0m0s, or a number of milliseconds) in seconds; None where it is
    none."""
    text = "" if written is None or isinstance(written, bool) else str(written)
    if field.endswith(".ms"):
        return whole_or(text, 0) / 1000 if re.fullmatch(r"[0-9]+", text) else None
    if not re.fullmatch(r"([0-9]+(ms|[smhdwy]))+", text):
        return None
    amounts = re.findall(r"([0-9]+)(ms|[smhdwy])", text)
    return sum(whole_or(number, 0) * UNITS[unit] for number, unit in amounts)
