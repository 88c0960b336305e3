"""Laws that hold for every kind: what is equal is accepted, and order, noise and names decide
nothing."""

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policylint.kubernetes.api.repeated import Kept, Sound
from policylint.kubernetes.forecast import Cluster
from policylint.kubernetes.forecast.server_side import server_side
from policylint.model import Apply, Outcome, Target
from scripts.score_forecast import ORACLE, rows
from tests.kubernetes.forecast.objects import (
    FORCE,
    HELM3,
    HELM4,
    OK,
    both,
    manifest,
    outcomes,
    release,
)

RECORDED = list(rows(ORACLE / "fields-1.36.jsonl.gz"))
BASES = {row["base"]: row["before"] for row in RECORDED}
NAMED_BY_CONTENT = ("CustomResourceDefinition", "APIService", "IPAddress")
RENAMED = [row for row in RECORDED if row["kind"] not in NAMED_BY_CONTENT]
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TARGETS = st.sampled_from([HELM3, HELM4])


def answers(before, after, target):
    forecast_of_change = both(before, after, target)
    return forecast_of_change.upgrade.outcome, forecast_of_change.rollback.outcome


@pytest.mark.parametrize("target", [HELM3, HELM4], ids=["client-side", "server-side"])
@pytest.mark.parametrize("base", BASES)
def test_equal_sides_are_accepted(base, target):
    assert outcomes(BASES[base], copy.deepcopy(BASES[base]), target) == (OK, OK)


@pytest.mark.parametrize("minor", ["1.28", "1.29", "1.31", "1.32", "1.33", "1.35", "1.37", "1.40"])
def test_noise_is_accepted_in_every_minor(minor):
    for body in (BASES["Deployment"], BASES["StatefulSet"], BASES["Service-auto"], BASES["Job"]):
        after = with_label(body, "helm.sh/chart", "web-2")
        for target in (HELM3, HELM4):
            assert outcomes(body, after, Target(minor, target.helm, target.apply)) == (OK, OK)


def with_label(body, name, value):
    metadata = body["metadata"]
    return {**body, "metadata": {**metadata, "labels": {**metadata.get("labels", {}), name: value}}}


def shuffled(value, seed):
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: hash((key, seed)))
        return {key: shuffled(value[key], seed) for key in keys}
    return [shuffled(item, seed) for item in value] if isinstance(value, list) else value


@QUICK
@given(st.sampled_from(RECORDED), TARGETS, st.integers())
def test_key_order_decides_nothing(row, target, seed):
    expected = answers(row["before"], row["after"], target)
    assert (
        answers(shuffled(row["before"], seed), shuffled(row["after"], seed + 1), target) == expected
    )


@QUICK
@given(st.sampled_from([row for row in RECORDED if "labels" not in row["path"]]), TARGETS)
def test_noise_labels_decide_nothing(row, target):
    expected = answers(row["before"], row["after"], target)
    before = with_label(row["before"], "helm.sh/chart", "web-1")
    after = with_label(row["after"], "helm.sh/chart", "web-2")
    assert answers(before, after, target) == expected


@QUICK
@given(st.sampled_from(RENAMED), TARGETS, st.from_regex(r"[a-z][a-z0-9]{0,20}", fullmatch=True))
def test_names_decide_nothing(row, target, name):
    def renamed(body):
        return {**body, "metadata": {**body["metadata"], "name": name}}

    expected = answers(row["before"], row["after"], target)
    assert answers(renamed(row["before"]), renamed(row["after"]), target) == expected


@QUICK
@given(st.sampled_from(RECORDED), TARGETS)
def test_forecasting_changes_no_object(row, target):
    before, after = copy.deepcopy(row["before"]), copy.deepcopy(row["after"])
    both(before, after, target)
    assert (before, after) == (row["before"], row["after"])


@QUICK
@given(
    st.lists(
        st.sampled_from(sorted(BASES)), unique_by=lambda name: BASES[name]["kind"], min_size=2
    ),
    TARGETS,
)
def test_other_objects_of_a_release_decide_nothing(names, target):
    names = [name for name in names if name != "HorizontalPodAutoscaler"]  # owns: test_owners
    before = manifest(*(BASES[name] for name in names))
    after = manifest(*(with_label(BASES[name], "helm.sh/chart", "2") for name in names))
    done = release(before, after, target)
    for change in done.changes:
        alone = both(change.before.body, change.after.body, target)
        assert change.forecast == alone


def test_a_replacement_is_judged_even_where_nothing_changed():
    assert outcomes(BASES["ConfigMap"], BASES["ConfigMap"], FORCE) == (OK, OK)
    assert outcomes(BASES["Job"], BASES["Job"], FORCE)[0] != OK


JUNK = st.sampled_from(
    [None, "x", "", 5, -1, 1.5, True, [], {}, [None], {"a": None}, ["x", 5], [{}], [[]], 10**30]
)


def places(value, path=()):
    """Every path into an object, its identity left out."""
    if (
        path
        and path[0] not in ("apiVersion", "kind")
        and path not in (("metadata",), ("metadata", "name"))
    ):
        yield path
    steps = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for step, child in steps:
        yield from places(child, (*path, step))


def damaged(body, path, junk):
    copied = copy.deepcopy(body)
    at = copied
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = junk
    return copied


@settings(QUICK, max_examples=200)
@given(
    st.data(),
    st.sampled_from(sorted(BASES)),
    st.sampled_from([HELM3, HELM4, FORCE]),
    JUNK,
    st.booleans(),
)
def test_malformed_objects_are_answered_and_never_raise(data, name, target, junk, on_before):
    body = BASES[name]
    bad = damaged(body, data.draw(st.sampled_from(list(places(body)))), junk)
    sides = (bad, body) if on_before else (body, bad)
    forecast_of_change = both(*sides, target)
    assert None not in (forecast_of_change.upgrade, forecast_of_change.rollback)


def merged_in_full(*sides, assumed):
    return server_side(*sides, assumed=False)


def never(*_sides):
    return False


def forecast_in_full(*sides):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("policylint.kubernetes.forecast.answers.server_side", merged_in_full)
        patched.setattr(
            "policylint.kubernetes.forecast.release._only_values", lambda _change: False
        )
        patched.setattr("policylint.kubernetes.forecast.applied._holds_all", lambda *_sides: False)
        patched.setattr(Kept, "get", lambda _kept, _key: None)
        patched.setattr(Sound, "__contains__", lambda _sound, _part: False)
        return both(*sides)


def edited(data, body, edits):
    for _ in range(edits):
        if pointers := list(places(body)):
            body = damaged(body, data.draw(st.sampled_from(pointers)), data.draw(JUNK))
    return body


@settings(QUICK, max_examples=100)
@given(st.data(), st.sampled_from(RECORDED), st.integers(0, 2), st.integers(0, 2))
@pytest.mark.parametrize("minor", ["1.30", "1.36"])
def test_what_is_sent_again_is_no_matter_of_how_it_is_merged(minor, data, row, on_both, on_after):
    target = Target(minor, "4", Apply.SERVER_SIDE)
    before = edited(data, row["before"], on_both)
    after = edited(data, before if on_both else row["after"], on_after)
    created = release(manifest(), manifest(before), target).changes[0].forecast.upgrade
    if created.outcome is not Outcome.REJECTED:  # else no server holds it
        assert both(before, after, target) == forecast_in_full(before, after, target)


SIZES = {
    "type": "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
    "items": {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string"}, "n": {"default": 1}},
    },
}
PARTS = {"size": {"type": "integer"}, "engine": {"type": "string", "default": "a"}, "sizes": SIZES}
SPECS = st.dictionaries(
    st.sampled_from([*PARTS, "unknown"]),
    st.sampled_from(
        [None, 1, 99, "x", {}, [], [{"name": "a"}], [{"name": "a", "n": None}], [{"name": "a"}] * 2]
    ),
)


def database(spec, label):
    metadata = {"name": "db", "labels": {"helm.sh/chart": label}}
    return {"apiVersion": "example.com/v1", "kind": "Database", "metadata": metadata, "spec": spec}


@QUICK
@given(SPECS, SPECS, st.booleans())
def test_what_is_sent_again_of_a_custom_resource_is_judged_again(spec, after_spec, is_same):
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": PARTS}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": "Database", "plural": "databases"}
    crd = {
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": names,
            "versions": [version],
        }
    }
    cluster = Cluster(crds={("example.com", "Database"): crd})
    sides = (
        database(spec, "1"),
        database(spec if is_same else {**spec, **after_spec}, "2"),
        HELM4,
        cluster,
    )
    assert both(*sides) == forecast_in_full(*sides)
    assert "unknown" not in spec or both(*sides).upgrade.outcome is Outcome.REJECTED


def test_an_old_manifest_that_no_server_holds_makes_the_answer_depend():
    body = BASES["Deployment"]
    forecast_of_change = both(
        damaged(body, ("spec", "template", "spec", "containers"), "none"), body, HELM3
    )
    assert "not what any server stores" in forecast_of_change.upgrade.unknowns[0].what
