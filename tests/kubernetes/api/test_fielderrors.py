"""The words of field errors against what servers answered and what Go prints."""

import json
import re
from collections.abc import Iterator

import pytest

from policylint.kubernetes.api import fielderrors
from policylint.kubernetes.api.fielderrors import OMITTED
from policylint.kubernetes.api.govalues import shown
from policylint.kubernetes.api.schemas import RECORDED
from tests.oracle import rows

_PRINTED = re.compile(
    r'(?:Invalid|Unsupported|Duplicate) value: ("(?:[^"\\]|\\.)*"|[-\d.e+]+|true|false)(?::|$)'
)
"""An error that shows a plain value."""


def _printed(minor: str) -> Iterator[str]:
    for row in rows(f"fields-{minor}"):
        for cause in (row.get("error") or {}).get("causes") or ():
            match = _PRINTED.match(cause.get("message", ""))
            if match:
                yield match[1]


@pytest.mark.parametrize("minor", RECORDED)
def test_plain_values_are_shown_as_recorded_servers_showed_them(minor):
    printed = list(_printed(minor))
    assert len(printed) > 20
    for text in printed:
        assert shown(json.loads(text), int(minor[2:])) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a<b", '"a<b"'),  # %q, not JSON: nothing is escaped for HTML
        ('say "x"\\', r'"say \"x\"\\"'),
        ("a\tb\x07\x00é", r'"a\tb\a\x00é"'),
        (True, "true"),
        (None, "null"),
        (7, "7"),
        (1.6, "1.6"),
        (1000000.0, "1e+06"),
        (2.0, "2"),
        ([1000000.0, 1e-7, 1e21], "[1000000,1e-7,1e+21]"),
        ({"rule": "self > 1 && true"}, r'{"rule":"self \u003e 1 \u0026\u0026 true"}'),
    ],
)
def test_values_are_shown_as_go_prints_them(value, text):
    assert shown(value) == text


def test_earlier_servers_print_go_syntax():
    value = {"matchLabels": {"app": "web"}, "matchExpressions": None}
    assert shown(value, 30, "v1.LabelSelector") == (
        'v1.LabelSelector{MatchLabels:map[string]string{"app":"web"}, '
        "MatchExpressions:[]v1.LabelSelectorRequirement(nil)}"
    )
    assert shown(value, 33, "v1.LabelSelector") == '{"matchLabels":{"app":"web"}}'


@pytest.mark.parametrize(
    ("cause", "message"),
    [
        (fielderrors.required("f"), "Required value"),
        (fielderrors.required("f", "name it"), "Required value: name it"),
        (fielderrors.invalid("f", OMITTED, "no"), "Invalid value: no"),
        (fielderrors.forbidden("f", "no"), "Forbidden: no"),
        (fielderrors.duplicate("f", "a"), 'Duplicate value: "a"'),
        (fielderrors.not_found("f", "a"), 'Not found: "a"'),
        (fielderrors.unsupported("f", "a", ()), 'Unsupported value: "a"'),
        (
            fielderrors.unsupported("f", 3, (1, "two")),
            'Unsupported value: 3: supported values: "1", "two"',
        ),
        (fielderrors.too_long("f", 1), "Too long: may not be more than 1 byte"),
        (fielderrors.too_long("f", 63), "Too long: may not be more than 63 bytes"),
        (fielderrors.too_many("f", 2, 1), "Too many: 2: must have at most 1 item"),
        (fielderrors.too_many("f", 9, 8), "Too many: 9: must have at most 8 items"),
    ],
)
def test_each_error_reads_as_the_server_writes_it(cause, message):
    assert cause.message == message


def test_a_wrong_type_reads_as_invalid_and_has_its_own_reason():
    cause = fielderrors.type_invalid("spec.v", 1.5, "no")
    assert (cause.message, cause.reason) == ("Invalid value: 1.5: no", "FieldValueTypeInvalid")
