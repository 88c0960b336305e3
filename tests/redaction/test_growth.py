"""Texts are searched for secrets in time that grows with their length, whatever they hold."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from policylint.redaction.collect import argument_secrets
from policylint.redaction.texts import masked

pytestmark = pytest.mark.heavy

_LENGTH = 16_000
_UNITS = (
    "a:",
    "password=x ",
    "password=",
    "password=${",
    'password="',
    'password="${',
    "password='",
    'password=\\"${',
    "password: |\n  ",
    "password: |\n  ${x}\n  ",
    "password:\n- ",
    "password: , ",
    ";password=${x}",
    "secrets: {",
    "secrets: { ",
    'secrets = "{',
    "http://",
    "a:b@",
    "a:bcd@tcp(",
    "@jdbc:oracle:a:x",
    "name: password\nvalue: '",
    '"\\ --a',
    'x: Invalid value: "\\',
    "<password>",
    "-----BEGIN PRIVATE KEY-----",
    " -eyJ",
    "login a password ",
    "create secret ",
    "create secret --from-literal=a=",
    "echo x | ",
    "echo %s ",
    "vault login ",
    'variable "password" {',
    "kind: Secret\ndata:\n",
    "kind: Secret\n---\ndata:\n  a: ",
    '"kind":"Secret","data":{"',
    "Cookie: a=",
    "value: x\nname: ",
    "value:",
    "password=<<E\n",
    "htpasswd -b ",
    "htpasswd -b a ",
    "password:\n  value: ",
    "token token ",
    "token.",
    "a.b:5432:",
    "identified by '",
)


def _seconds(call: Callable[[], object]) -> float:
    """The least processor time of three runs, as the machine may be busy."""
    timings = []
    for _ in range(3):
        begin = time.process_time()
        call()
        timings.append(time.process_time() - begin)
    return min(timings)


@pytest.mark.parametrize("blank", ["", " " * 300])
@pytest.mark.parametrize("unit", _UNITS)
def test_eight_times_the_text_takes_eight_times_as_long(unit: str, blank: str) -> None:
    """Not sixty-four times."""
    short = ((unit + blank) * _LENGTH)[:_LENGTH]
    small, large = (_seconds(lambda text=text: masked(text)) for text in (short, short * 8))
    assert large < 24 * small + 0.05


@pytest.mark.parametrize("unit", [",", "a=,", "password=,", "{,", "password={"])
def test_an_argument_with_many_commas_is_read_once(unit: str) -> None:
    short = (unit * _LENGTH)[:_LENGTH]
    small, large = (
        _seconds(lambda text=text: list(argument_secrets("--set", text)))
        for text in (short, short * 8)
    )
    assert large < 24 * small + 0.05


@pytest.mark.parametrize(
    "text",
    [
        "password: " + "a1B2c3D4" * 4000,
        'password: "' + "a1B2c3D4" * 4000 + '"',
        "password: |\n" + "  a1B2c3D4\n" * 4000,
        "password: |\r\n" + "  a1B2c3D4\r\n" * 40,
        'password="' * 50 + "a1B2c3D4",
    ],
)
def test_long_secrets_are_hidden_whole(text: str) -> None:
    assert "a1B2" not in masked(text)


def test_commas_divide_assignments_but_not_lists() -> None:
    text = "password={hunter2a,hunter2b},a=b,token=hunter2c"
    secrets = set(argument_secrets("--set", text))
    assert {"hunter2a", "hunter2b", "hunter2c"} <= secrets
    assert "b" not in secrets
