"""Where each way back leads, judged against recorded releases."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylint.helm.history.read import read
from policylint.helm.history.targets import (
    after_failures,
    base,
    failures_until_one_is_left,
    prune,
    targets,
)
from policylint.helm.inputs.revisions import History, Revision

STATES = Path(__file__).parents[3] / "fixtures" / "oracle" / "states"
Shown = tuple[int, str, bool] | None


def state(name: str) -> History:
    return read((STATES / name / "records.yaml").read_text(), "records.yaml")[0]


def shown(revision: Revision | None) -> Shown:
    return (revision.number, revision.status, revision.good) if revision else None


@pytest.mark.parametrize(
    ("name", "without_number", "atomic", "good"),
    [
        ("healthy", (4, "superseded", True), (5, "deployed", True), 5),
        ("last-failed", (2, "deployed", True), (2, "deployed", True), 2),
        ("failed-push-out", (13, "failed", False), (2, "deployed", True), 2),
        ("first-install-failed", None, None, None),
        # Helm marks the failed first install superseded, and would roll back to it
        ("after-first-install-failed", (1, "superseded", False), (2, "deployed", True), 2),
        ("atomic-rolled-back", (2, "failed", False), (1, "deployed", True), 1),
        ("pending-install", None, None, None),
        ("pending-upgrade", (1, "deployed", True), (1, "deployed", True), 1),
        ("pending-rollback", (2, "deployed", True), (2, "deployed", True), 2),
        ("uninstalled-kept-history", (1, "superseded", True), (1, "superseded", True), 1),
    ],
)
@pytest.mark.parametrize("line", ["helm3", "helm4"])
def test_recorded_states(
    line: str, name: str, without_number: Shown, atomic: Shown, good: int | None
) -> None:
    targets_of_state = targets(state(f"{line}-{name}"))
    assert shown(targets_of_state.rollback_without_number) == without_number
    assert shown(targets_of_state.atomic) == atomic
    assert (targets_of_state.newest_good.number if targets_of_state.newest_good else None) == good


def test_only_the_last_revision_of_a_list_is_known() -> None:
    (history,) = read((STATES / "helm3-last-failed" / "list.json").read_text(), "list.json")
    targets_of_state = targets(history)
    assert (
        targets_of_state.rollback_without_number,
        targets_of_state.atomic,
        targets_of_state.newest_good,
    ) == (None, None, None)


def test_atomic_finds_nothing_where_pruning_takes_the_last_good_revision() -> None:
    failed = tuple(Revision(number, "failed") for number in range(2, 11))
    history = History(
        "shop", "", (Revision(1, "superseded", description="Install complete"), *failed)
    )
    assert targets(history).atomic is None
    assert shown(targets(history.with_limit(0)).atomic) == (1, "superseded", True)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("helm3-healthy", 5),
        ("helm3-last-failed", 2),
        ("helm3-first-install-failed", 1),
        ("helm3-pending-upgrade", None),
        ("helm3-uninstalled-kept-history", None),
    ],
)
def test_what_an_upgrade_starts_from(name: str, number: int | None) -> None:
    start = base(state(name))
    assert (start.number if start else None) == number


def test_failed_upgrades_push_good_revisions_out_as_recorded() -> None:
    # 12 refused upgrades under --history-max 5 after revisions 1 and 2
    start = History("shop", "", (Revision(1, "superseded"), Revision(2, "deployed")), limit=5)
    end = after_failures(start, 12)
    recorded = state("helm3-failed-push-out")
    assert [(r.number, r.status) for r in end.revisions] == [
        (r.number, r.status) for r in recorded.revisions
    ]


def test_depth() -> None:
    assert failures_until_one_is_left(state("helm3-history-full")) == 9
    assert failures_until_one_is_left(state("helm3-healthy")) == 9
    assert failures_until_one_is_left(state("helm3-healthy").with_limit(6)) == 5
    assert failures_until_one_is_left(state("helm3-last-failed").with_limit(0)) is None
    assert failures_until_one_is_left(state("helm3-failed-push-out").with_limit(5)) == 0


revisions = st.lists(st.sampled_from(["superseded", "failed"]), min_size=1, max_size=12)


@given(revisions, st.integers(0, 11), st.integers(1, 12), st.integers(0, 5))
def test_pruning_keeps_the_last_deployed(
    statuses: list[str], deployed: int, limit: int, failures: int
) -> None:
    statuses[deployed % len(statuses)] = "deployed"
    history = History(
        "r", "", tuple(Revision(n, s) for n, s in enumerate(statuses, 1)), limit=limit
    )
    left = after_failures(history, failures)
    assert left.deployed[-1:] == history.deployed[-1:]
    assert len(left.revisions) <= max(limit, 2) or failures == 0
    assert len(prune(left).revisions) <= max(limit - 1, 1)
