"""Which revision Helm would go back to, from where it would upgrade, and what more failures do to
that.

Source: pkg/action/rollback.go, upgrade.go (failRelease, prepareUpgrade) and pkg/storage/storage.go
of Helm 3.22 and 4.3.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from policylint.helm.inputs.revisions import History, Revision


class Targets(Struct, frozen=True):
    """The revisions that three ways back choose; None where Helm finds none."""

    rollback_without_number: Revision | None
    """`helm rollback NAME`: the one before the last, even if it failed."""
    atomic: Revision | None
    """`--atomic` / `--rollback-on-failure`: the newest that is superseded or deployed."""
    newest_good: Revision | None
    """The newest that was once deployed without an error: what a person would choose."""


def targets(history: History) -> Targets:
    """Where each way back leads now; nothing but the last revision is known of an incomplete
    history."""
    if not history.complete:
        return Targets(None, None, history.last if history.last.good else None)
    left = prune(
        history.with_limit(seen_limit(history))
    )  # Helm makes room before the upgrade that may fail
    kept = [
        revision for revision in left.revisions if revision.status in ("superseded", "deployed")
    ]
    return Targets(
        rollback_without_number=history.revision(history.last.number - 1),
        atomic=kept[-1] if kept else None,
        newest_good=history.good[-1] if history.good else None,
    )


def base(history: History) -> Revision | None:
    """The revision an upgrade starts from (its manifest, values and chart); None where Helm refuses
    to upgrade."""
    if history.last.pending:
        return None
    if history.deployed:
        return history.deployed[-1]
    if history.last.status in ("failed", "superseded"):
        return history.last
    return None


def prune(history: History) -> History:
    """What is left when Helm makes room for one more revision: the oldest go, never the last
    deployed one."""
    if history.limit <= 0:
        return history
    surplus = len(history.revisions) - (history.limit - 1)
    kept = []
    for revision in history.revisions:
        if surplus > 0 and revision not in history.deployed[-1:]:
            surplus -= 1
        else:
            kept.append(revision)
    return replace(history, revisions=tuple(kept))


def after_failures(history: History, count: int) -> History:
    """The history after so many more failed upgrades."""
    for _ in range(count):
        number = history.last.number + 1
        left = prune(history)
        failed = Revision(
            number=number, status="failed", description=f'Upgrade "{history.name}" failed: foreseen'
        )
        history = replace(left, revisions=(*left.revisions, failed))
    return history


def seen_limit(history: History) -> int:
    """The --history-max that the history shows: where revisions are missing, Helm has kept just so
    many."""
    numbers = [revision.number for revision in history.revisions]
    pruned = history.complete and numbers != list(range(1, len(numbers) + 1))
    if pruned:
        return len(numbers)
    return history.limit


def failures_until_one_is_left(history: History) -> int | None:
    """How many failed upgrades in a row leave at most one good revision; None where no number
    does."""
    history = history.with_limit(seen_limit(history))
    if not history.complete or history.limit <= 0:
        return None
    for count in range(history.limit + 1):
        if len(after_failures(history, count).good) <= 1:
            return count
    return None
