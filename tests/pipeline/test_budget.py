"""The search for causes is bounded in work, whatever else the machine does."""

import os
from types import SimpleNamespace

import pytest

from policylint.pipeline import budget
from policylint.pipeline.budget import Budget, SpentError


@pytest.fixture
def clock(monkeypatch):
    """(work, time) in seconds, set by the test."""
    now = SimpleNamespace(work=0.0, time=0.0)
    times = lambda: os.times_result((now.work, 0.0, 0.0, 0.0, 0.0))  # noqa: E731
    monkeypatch.setattr(budget.os, "times", times)
    monkeypatch.setattr(budget, "monotonic", lambda: now.time)
    return now


def test_time_in_which_others_work_is_not_spent(clock):
    spent = Budget(10)  # 5 seconds
    spent.begin()
    clock.work, clock.time = 4.0, 20.0
    spent.spend()
    assert not spent.is_cut


@pytest.mark.parametrize(("work", "passed"), [(5.5, 6.0), (0.5, 31.0)])
def test_work_and_patience_end(clock, work, passed):
    spent = Budget(10)
    spent.begin()
    clock.work, clock.time = work, passed
    with pytest.raises(SpentError):
        spent.spend()
    assert spent.is_cut


def test_what_a_release_spent_is_gone_for_the_others(clock):
    spent = Budget(2)  # a second each, five in all
    for _ in range(5):
        spent.begin()
        clock.work += 1.0
        spent.end()
    spent.begin()
    with pytest.raises(SpentError):
        spent.spend()


def test_renders_are_counted():
    spent = Budget(2)
    spent.begin()
    spent.spend()
    spent.spend()
    with pytest.raises(SpentError):
        spent.spend()
    assert not spent.is_cut
