"""How often a schedule comes due."""

import pytest

from policylint.kubernetes.validity.schedule import runs_in_a_year


@pytest.mark.parametrize(
    ("schedule", "runs"),
    [
        ("0 3 * * *", 365),
        ("@daily", 365),
        ("TZ=UTC 0 3 * * *", 365),
        ("0 * * * *", 8760),
        ("0 3 * * 0", 52),
        ("0 3 1 * *", 12),
        ("0 0 1 1 *", 1),
        ("*/15 9-17 * * 1-5", 9386),
        ("@every 1h", None),
        ("nonsense", None),
        ("", None),
    ],
)
def test_runs_are_counted(schedule, runs):
    assert runs_in_a_year(schedule) == runs
