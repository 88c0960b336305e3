"""Version ranges as Helm's library reads them."""

from __future__ import annotations

import pytest

from policylint.helm.values.semver import admits, floats


@pytest.mark.parametrize(
    ("constraint", "admitted", "refused"),
    [
        ("1.2.3", ["1.2.3", "v1.2.3", "1.2.3+meta"], ["1.2.4", "1.2.3-rc1"]),
        ("1.2", ["1.2.0", "1.2.9"], ["1.3.0"]),
        ("1.x", ["1.0.0", "1.9.9"], ["2.0.0"]),
        ("*", ["0.0.1", "99.0.0"], ["1.0.0-rc1", "text"]),
        ("^1.2.3", ["1.2.3", "1.9.0"], ["1.2.2", "2.0.0"]),
        ("^0.2.3", ["0.2.9"], ["0.3.0", "0.2.2"]),
        ("^0.0.3", ["0.0.3"], ["0.0.4"]),
        ("^0", ["0.9.9"], ["1.0.0"]),
        ("~1.2.3", ["1.2.9"], ["1.3.0"]),
        ("~1", ["1.9.0"], ["2.0.0"]),
        (">11", ["12.0.0"], ["11.5.0", "11.0.0"]),
        (">1.1", ["1.2.0"], ["1.1.9"]),
        ("<=11", ["11.9.9"], ["12.0.0"]),
        ("<=1.1", ["1.1.9"], ["1.2.0"]),
        ("!=1.1", ["1.2.0"], ["1.1.3"]),
        (">=1.0, <2.0", ["1.5.0"], ["2.0.0"]),
        (">=1.0 <2.0 || ^3", ["1.5.0", "3.1.0"], ["2.0.0"]),
        ("1.2 - 2.3.4", ["1.2.0", "2.3.4"], ["2.3.5"]),
        (">=1.0.0-0", ["1.0.0-rc.1", "2.0.0-alpha"], ["0.9.0"]),
        (">1.0.0-alpha.2", ["1.0.0-alpha.10", "1.0.0-beta"], ["1.0.0-alpha.1"]),
        ("", [], ["1.0.0"]),
    ],
)
def test_ranges(constraint: str, admitted: list[str], refused: list[str]) -> None:
    assert all(admits(constraint, version) for version in admitted)
    assert not any(admits(constraint, version) for version in refused)


def test_what_floats() -> None:
    fixed, floating = (
        ("1.2.3", "=1.2.3", "v1.2.3", "oops!"),
        ("1.2", "^1.2.3", ">=1", "1.0.0 || 2.0.0"),
    )
    assert not any(floats(text) for text in fixed)
    assert all(floats(text) for text in floating)
