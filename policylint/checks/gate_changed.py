"""A pull request changes what it is judged by; the configuration of its base judges it.

What happens: the change touches settings of `.policylint.yaml` that decide the verdict (rules,
severities, levels, what is selected or ignored, strictness, assumed modes, extra definitions),
the files that these name, or adds a waiver beside what it waives. They do not judge this change.
They hold from the next one on.

Why: a gate that a pull request can move keeps nothing out. Whoever reviews it should see that it
moves.

Where `--config FILE` names a file that the change itself changes, that file judges all the same:
whoever wrote the command said so. It is told here, too.

What to do instead: change the gate in a pull request of its own, reviewed by its owners. On a
laptop the configuration of the work tree counts, so `policylint check` there shows what the new
settings will say.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.model import Category, Fix, Location, Severity, Violation
from policylint.report.gate import GateChange, GateChanges
from policylint.report.waivers import Waiver, WaiverReview


@rule(category=Category.PRACTICE, severity=Severity.WARNING)
def check(gate: GateChanges | WaiverReview, context: Context) -> Iterator[Violation]:
    """Say each setting that the change moves, and whether it lets more pass; each waiver that it
    adds beside what it waives."""
    if isinstance(gate, WaiverReview):
        yield from map(_of_waiver, gate.added)
    else:
        yield from (_violation(change, gate) for change in gate.changes)


def _of_waiver(waiver: Waiver) -> Violation:
    return Violation(
        f"this pull request loosens its own gate: it adds a waiver of {waiver}: {waiver.reason}",
        because="waivers of the base judge it; this one holds from the next change on",
        locations=(Location("cause", waiver.file, waiver.line, key=str(waiver)),),
        fixes=(Fix("propose the waiver in a pull request of its own"),),
    )


def _violation(change: GateChange, gate: GateChanges) -> Violation:
    what = "loosens" if change.loosens else "changes"
    return Violation(
        f"this pull request {what} its own gate: {change.key} from {change.before}"
        f" to {change.after}",
        because=_because(gate),
        severity=Severity.WARNING if change.loosens else Severity.NOTE,
        locations=(Location("cause", gate.file, key=change.key),),
        fixes=(
            Fix(
                "change the gate in a pull request of its own",
                steps=(f"take {change.key} out of this one", "propose it to the gate's owners"),
            ),
        ),
    )


def _because(gate: GateChanges) -> str:
    if not gate.base:
        return "--config names this file, so the change is judged by the new setting"
    return (
        f"it is judged by the configuration of {gate.base};"
        " the new setting holds from the next change on"
    )
