"""The diff: identity, list keys, quantities, noise, and the laws that hold for any two objects."""

import json

import jsonpatch
from hypothesis import given
from hypothesis import strategies as st

from policylint.kubernetes.api.schemas import schemas
from policylint.kubernetes.manifests.diff import changes, fields
from policylint.kubernetes.manifests.jsonpatch import patch
from policylint.kubernetes.manifests.reader import Reader, Text
from policylint.model import Created, Deleted, Kept

SCHEMAS = schemas("1.36")
DEPLOYMENT = SCHEMAS.kind("apps/v1", "Deployment")


def container(**more):
    return {"spec": {"template": {"spec": {"containers": [{"name": "main", **more}]}}}}


def paths(before, after, node=DEPLOYMENT):
    return [(change.op, change.path) for change in fields(before, after, node)]


def test_lists_are_matched_by_kubernetes_list_keys():
    before = container(env=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}])
    after = container(
        env=[{"name": "B", "value": "3"}, {"name": "A", "value": "1"}, {"name": "C", "value": "4"}]
    )
    at = "/spec/template/spec/containers/0/env"
    assert paths(before, after) == [("replace", f"{at}/0/value"), ("add", f"{at}/2")]


def test_ports_are_matched_by_number_and_protocol():
    before = container(ports=[{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}])
    after = container(
        ports=[{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 80, "protocol": "TCP"}]
    )
    assert paths(before, after) == [("add", "/spec/template/spec/containers/0/ports/1/protocol")]


def test_quantities_compare_by_value():
    before = container(resources={"limits": {"memory": "1Gi", "cpu": 1}})
    after = container(resources={"limits": {"memory": "1024Mi", "cpu": "1000m"}})
    assert paths(before, after) == []
    assert paths(before, container(resources={"limits": {"memory": "1G", "cpu": 1}})) == [
        ("replace", "/spec/template/spec/containers/0/resources/limits/memory")
    ]


def test_a_boolean_is_no_number():
    assert paths({"a": True}, {"a": 1}, None) == [("replace", "/a")]


def test_chart_labels_and_checksums_are_noise_but_selectors_are_not():
    def make(version):
        labels = {"helm.sh/chart": f"web-{version}", "app": "web"}
        return {
            "metadata": {"labels": labels},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"annotations": {"checksum/config": str(version)}}},
            },
        }

    noise = {change.path: change.noise for change in fields(make(1), make(2), DEPLOYMENT)}
    assert noise == {
        "/metadata/labels/helm.sh~1chart": True,
        "/spec/selector/matchLabels/helm.sh~1chart": False,
        "/spec/template/metadata/annotations/checksum~1config": True,
    }


def test_an_api_version_move_is_one_kept_resource():
    before, after = (
        f"apiVersion: {version}\nkind: CronJob\nmetadata: {{name: a}}\n"
        for version in ("batch/v1beta1", "batch/v1")
    )
    gone = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: gone}\n"
    new = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: new}\n"
    sides = Reader().read_pair([Text("b", before + gone)], [Text("a", after + new)])
    changes_made = changes(*sides, SCHEMAS)
    assert [(type(change), change.id.name) for change in changes_made] == [
        (Kept, "a"),
        (Created, "new"),
        (Deleted, "gone"),
    ]
    assert [change.path for change in changes_made[0].fields] == ["/apiVersion"]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from(["", "a", "b", "1Gi", "1024Mi"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["name", "a", "b/c", "d~e"]), inner, max_size=4)
    ),
    max_leaves=12,
)


def strict(value):
    return json.dumps(value, sort_keys=True)


@given(JSON, JSON)
def test_the_patch_of_a_diff_gives_the_after_object(before, after):
    patched = jsonpatch.apply_patch({"v": before}, patch({"v": before}, {"v": after}))
    assert strict(patched) == strict({"v": after})


@given(JSON)
def test_equal_objects_have_no_changes(value):
    assert list(fields(value, json.loads(json.dumps(value)))) == []


@given(JSON, JSON)
def test_swapping_the_sides_swaps_every_change(before, after):
    there = list(fields(before, after))
    back = list(fields(after, before))
    flipped = {"add": "remove", "remove": "add", "replace": "replace"}
    assert sorted(flipped[c.op] + strict([c.after, c.before]) for c in there) == sorted(
        c.op + strict([c.before, c.after]) for c in back
    )


@given(JSON, JSON)
def test_no_change_is_missed(before, after):
    if strict(before) != strict(after) and not list(fields(before, after)):
        # only the order of items with unique names, which is no change, may differ
        assert sorted(strict(before)) == sorted(strict(after))
