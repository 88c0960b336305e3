"""What amounts and switches mean."""

import pytest

from policylint.kubernetes.settings.amounts import falls, rises, same_amount, switched


@pytest.mark.parametrize(
    ("before", "after", "by", "expected"),
    [
        ("60d", "7d", 1.0, True),
        ("7d", "60d", 1.0, False),
        ("1d", "24h", 1.0, False),
        ("512m", "1g", 1.0, False),
        ("1g", "512m", 0.5, True),
        ("100", "50", 0.5, True),
        ("100", "51", 0.5, False),
        ("0", "7d", 1.0, True),  # 0 keeps for ever
        ("7d", "0", 1.0, False),
        ("-1", "1000", 1.0, True),
        ("12", "30d", 1.0, False),  # a number of what nobody knows
        ("x", "y", 1.0, False),
    ],
)
def test_falls(before, after, by, expected):
    assert falls(before, after, by) is expected


def test_rises_and_the_same():
    assert rises("1", "3", 3)
    assert not rises("1", "2", 3)
    assert same_amount("24h", "1d")
    assert not same_amount("24", "1d")


@pytest.mark.parametrize(
    ("value", "expected"), [("True", True), ("off", False), ("", False), ("maybe", None)]
)
def test_switched(value, expected):
    assert switched(value) is expected
