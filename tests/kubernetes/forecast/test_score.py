"""The forecast against every recorded answer: the requirements that `make score` checks too."""

import pytest

from scripts.score_forecast import (
    MINORS,
    SHARED,
    excused,
    fields,
    judge,
    rules,
    scenarios,
    upgrades,
)


@pytest.mark.parametrize("minor", MINORS)
def test_every_recorded_field(minor):
    assert judge(list(fields(minor))) == []


@pytest.mark.parametrize("live", [True, False], ids=["with-live", "without-live"])
def test_every_recorded_scenario(live):
    assert judge(list(scenarios(live=live))) == []


def test_every_recorded_validation_rule():
    assert judge(list(rules())) == []


@pytest.mark.heavy
@pytest.mark.skipif(
    not (SHARED / "upgrades-1.36.jsonl.gz").exists(), reason="the recorded upgrades are not here"
)
def test_a_sample_of_recorded_upgrades():
    scored = list(upgrades(every=15))
    assert len(scored) > 100
    wrong = [
        answer
        for answer in scored
        if answer.ours not in (answer.recorded, "depends") and not excused(answer)
    ]
    assert wrong == []
