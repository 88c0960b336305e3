"""The table of fields with a known effect: every row can come true, and its texts can be filled
in."""

import string

import pytest

from policylint.kubernetes.api.effects import TESTS, effects, places
from policylint.kyaml.tables import table
from policylint.model import ResourceId

ROWS = table("effects")
WORDS = {"object", "name", "namespace", "field", "item", "was", "is", "lost"}


def texts(row):
    return [row["says"], row.get("because", ""), *row.get("fixes", ())]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['of'][0]} {row.get('field', '')}")
def test_a_row_can_be_judged_and_told(row):
    whole = row["when"] in ("deleted", "created")
    assert whole or (row["when"] in TESTS and row["field"].startswith("/"))
    assert whole is ("field" not in row)
    assert ("values" in row) is (row["when"] in ("to", "from"))
    assert row["source"]
    for text in texts(row):
        assert {name for _, name, _, _ in string.Formatter().parse(text) if name} <= WORDS


def test_a_command_that_goes_with_its_image_is_not_told():
    identity = ResourceId("apps", "Deployment", "shop", "web")
    old = {"name": "web", "image": "a:1", "command": ["/bin/a"]}
    for image, count in (("a:1", 1), ("b:1", 0)):
        sides = (
            {"spec": {"template": {"spec": {"containers": [body]}}}}
            for body in (old, {"name": "web", "image": image})
        )
        assert len(told(identity, *sides)) == count


def told(identity, before, after):
    return [
        (row.when, place.path, place.item)
        for row in effects(identity)
        if row.when in TESTS
        for place in places(row, identity, before, after)
    ]


ALERTS = ResourceId("monitoring.coreos.com", "PrometheusRule", "shop", "web")


def rules(*alerts):
    return {"spec": {"groups": [{"name": "web", "rules": list(alerts)}]}}


def test_items_are_told_apart_by_what_names_them_and_found_where_they_stand():
    quick, slow = ({"alert": "Down", "for": wait} for wait in ("5m", "24h"))
    first = {"alert": "First", "expr": "1"}
    assert told(ALERTS, rules(quick), rules(first, slow)) == [
        ("rises", "/spec/groups/0/rules/1/for", "Down")
    ]


def test_a_field_of_an_item_that_goes_is_not_told():
    assert told(ALERTS, rules({"alert": "Down", "labels": {"severity": "page"}}), rules()) == []


def test_durations_are_compared_as_times():
    quick, same = ({"alert": "Down", "for": wait} for wait in ("60m", "1h"))
    assert told(ALERTS, rules(quick), rules(same)) == []


@pytest.mark.parametrize(
    ("before", "after", "count"),
    [(3, 1, 1), (3, 2, 0), ("3Gi", "1Gi", 0), (True, 0, 0), (3, None, 0)],
)
def test_words_that_operators_share_are_told_at_any_depth(before, after, count):
    identity = ResourceId("db.example.com", "Ring", "shop", "ring")
    sides = ({"spec": {"rings": [{"name": "a", "replicas": value}]}} for value in (before, after))
    assert len(told(identity, *sides)) == count


def test_a_status_is_nobodys_setting():
    identity = ResourceId("db.example.com", "Ring", "shop", "ring")
    sides = ({"spec": {}, "status": {"deletionProtection": value}} for value in (True, False))
    assert told(identity, *sides) == []


def test_parts_of_any_type_are_passed_over():
    identity = ResourceId("apps", "Deployment", "shop", "web")
    shapes = [None, 1, "x", [], {}, [[1]], {"a": None}, [{"name": None}, {"name": {}}]]
    for before in shapes:
        for after in shapes:
            sides = ({"spec": {"template": {"spec": part}}} for part in (before, after))
            told(identity, *sides)
            volumes = (
                {"spec": {"template": {"spec": {"volumes": part}}}} for part in (before, after)
            )
            told(identity, *volumes)
