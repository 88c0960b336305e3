"""Reading manifests: identity, scope, lists, hooks, duplicates, and what is no manifest."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policylint.errors import ReadError
from policylint.kubernetes.manifests.reader import Reader, Text, UnreadResource
from policylint.kyaml.load import load
from policylint.model import ResourceId

DEPLOYMENT = """\
# Source: web/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels:
    name: not-this
spec: {replicas: 1}
"""


def read(text, **options):
    return Reader(**options).read([Text("m.yaml", text)])


def test_a_namespaced_object_takes_the_releases_namespace_and_a_cluster_scoped_one_none():
    text = (
        f"{DEPLOYMENT}---\napiVersion: v1\nkind: Namespace\n"
        "metadata: {name: web, namespace: odd}\n"
    )
    manifest_read = read(text, namespace="prod")
    assert list(manifest_read.resources) == [
        ResourceId("apps", "Deployment", "prod", "web"),
        ResourceId("", "Namespace", "", "web"),
    ]


def test_an_unknown_kind_counts_as_namespaced_unless_a_crd_says_otherwise():
    widget = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n"
    crd = (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
        "metadata: {name: widgets.example.com}\n"
        "spec: {group: example.com, scope: Cluster, names: {kind: Widget}}\n"
    )
    assert ResourceId("example.com", "Widget", "default", "w") in read(widget).resources
    assert ResourceId("example.com", "Widget", "", "w") in read(f"{widget}---\n{crd}").resources


def test_lists_are_unfolded_hooks_and_duplicates_told_apart():
    text = f"""\
apiVersion: v1
kind: List
items:
- {{apiVersion: v1, kind: ConfigMap, metadata: {{name: a}}}}
- {{apiVersion: v1, kind: ConfigMap, metadata: {{name: a}}}}
---
apiVersion: batch/v1
kind: Job
metadata: {{name: migrate, annotations: {{helm.sh/hook: "pre-upgrade, post-install"}}}}
---
{DEPLOYMENT}"""
    manifest_read = read(text)
    assert [identity.kind for identity in manifest_read.resources] == ["ConfigMap", "Deployment"]
    assert [resource.hooks for resource in manifest_read.hooks.values()] == [
        ("pre-upgrade", "post-install")
    ]
    assert [resource.id.name for resource in manifest_read.duplicates] == ["a"]
    assert (
        manifest_read.resources[ResourceId("apps", "Deployment", "default", "web")].origin.file
        == "web/templates/deployment.yaml"
    )


def test_a_document_equal_on_both_sides_is_not_parsed_until_somebody_looks():
    before, after = Reader().read_pair(
        [Text("b", DEPLOYMENT, checked=True)], [Text("a", DEPLOYMENT, checked=True)]
    )
    (resource,) = after.resources.values()
    assert isinstance(resource, UnreadResource)
    assert not resource.parsed
    assert resource.id == ResourceId("apps", "Deployment", "default", "web")
    assert resource.body["spec"] == {"replicas": 1}
    assert list(before.resources) == list(after.resources)


def unread(line):
    """A long document, equal on both sides, with one line of its own."""
    lines = "".join(f"  key{number}: a value\n" for number in range(600))
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n{lines}  {line}\n"
    texts = [[Text(side, text, checked=True)] for side in ("before", "after")]
    _, after = Reader().read_pair(*texts)
    return next(iter(after.resources.values()))


@pytest.mark.parametrize(
    "line",
    [
        "example.com/mark: x",
        "? example.com/mark\n  : x",
        '"example.com\\/mark": x',
        '"example.com/m\\x61rk": x',
        '"example.com/m\\u0061rk": x',
        '? "example.com/ma\\\n    rk"\n  : x',
        "!!binary ZXhhbXBsZS5jb20vbWFyaw==: x",
        "? !!binary ZXhhbXBsZS5jb20vbWFyaw==\n  : x",
    ],
)
def test_a_document_that_may_hold_a_word_however_written_says_so_unread(line):
    resource = unread(line)
    assert resource.may_hold(["other", "example.com/mark"])
    assert "example.com/mark" in load(resource.document.text, "a")["data"]


@pytest.mark.parametrize(
    "line", ["a: what!", 'a: "\\d+ \\\\ \\"x\\""', "a: '^[a-z]\\d$'", "a: 1 != 2"]
)
def test_a_long_document_without_a_word_says_so_unread(line):
    resource = unread(line)
    assert not resource.may_hold(["example.com/mark"])
    assert not resource.parsed


@pytest.mark.parametrize(
    "name", ['"web"', "'web'", "web # comment", "&a web", '"1234"', "1234x", "|-\n    web"]
)
def test_an_unread_resource_has_the_identity_that_parsing_gives(name):
    text = (
        f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  # a comment\n  name: {name}\n"
        "  namespace: x\ndata: {}\n"
    )
    checked = Reader().read_pair([Text("b", text, checked=True)], [Text("a", text, checked=True)])[
        1
    ]
    assert list(checked.resources) == list(read(text).resources)


KEYS = [
    "name",
    '"name"',
    "name ",
    "namespace",
    "'namespace'",
    "annotations",
    "labels",
    "finalizers",
    "? name",
    "<<",
]
WORDS = [
    *(
        "web",
        '"web"',
        "'web'",
        "a.b-c:d",
        "null",
        "~",
        "yes",
        "1",
        '"1"',
        "0xAF",
        ".inf",
        "1e3",
        "2001-01-01",
        "12:30",
    ),
    *(
        "",
        '""',
        "{}",
        "[]",
        "{a: b}",
        "{a: b,",
        "[a",
        '"open',
        "'open",
        '"a\\x41"',
        "# comment",
        "web # comment",
    ),
    *("&a web", "*a", "!!str web", "|", ">-", "a\u2028b", "a\x85b", "a\tb", "a: b", "- a", "@a"),
]
INNER = [
    *(
        "",
        "    more",
        "    name: inner",
        '    x: "open',
        '    name: x"',
        "    closed}",
        "  - item",
        "  - name: item",
    ),
    *(
        "  closed]",
        "# comment",
        "  # comment",
        "    helm.sh/hook: test",
        "    x: |",
        " odd: 1",
        "  <<: *a",
    ),
]
METADATA = st.lists(
    st.one_of(
        st.sampled_from(["  name: web", "  namespace: prod"]),
        st.builds("  {}: {}".format, st.sampled_from(KEYS), st.sampled_from(WORDS)),
        st.sampled_from(INNER),
    ),
    max_size=6,
)
HEADS = st.lists(
    st.one_of(
        st.sampled_from(["apiVersion: apps/v1", "kind: Deployment"]),
        st.builds(
            "{}: {}".format,
            st.sampled_from(["apiVersion", "kind", '"kind"', "data"]),
            st.sampled_from(WORDS),
        ),
        st.sampled_from(
            [
                "x: &a {helm.sh/hook: test}",
                "  more",
                "",
                "# comment",
                "...",
                "kind: PodList",
                "items: []",
            ]
        ),
    ),
    max_size=4,
)


@settings(max_examples=800, deadline=None)
@given(HEADS, METADATA, HEADS, st.sampled_from(["\n", ""]))
def test_an_identity_told_without_parsing_is_the_one_that_parsing_gives(
    above, metadata, below, end
):
    plain = ["apiVersion: v1", "kind: ConfigMap"]
    given_both = {line.partition(":")[0] for line in above} >= {"apiVersion", "kind"}
    text = (
        "\n".join([*(above if given_both else [*plain, *above]), "metadata:", *metadata, *below])
        + end
    )
    checked = Text("m.yaml", text, checked=True)
    try:
        load(text, "m.yaml")
        (told,) = Reader().read_pair([checked], [checked])[1].resources.values()
    except (ReadError, ValueError):  # Helm prints no such document, or parsing told
        return
    (parsed,) = read(text).resources.values()
    assert (told.id, told.api_version, told.hooks) == (parsed.id, parsed.api_version, parsed.hooks)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kind: A\nmetadata: {name: x}\n", "without apiVersion"),
        ("apiVersion: v1\nmetadata: {name: x}\n", "without kind"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {}\n", "without metadata.name"),
        ("apiVersion: v1\nkind: Pod\n", "without metadata.name"),
        ("just text\n", "text"),
        ("- a\n", "list"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: x", "expected"),
    ],
)
def test_what_is_no_manifest_is_refused_with_file_and_line(text, words):
    with pytest.raises(ReadError, match=words) as caught:
        read(f"{DEPLOYMENT}---\n{text}")
    assert caught.value.file == "m.yaml"
    assert caught.value.line >= 10
    assert caught.value.remedy


HOOKED = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: a
  annotations: {{helm.sh/hook: {hook}}}
"""


def read_text(text):
    return Reader("default").read([Text("file", text)])


@pytest.mark.parametrize("hook", ['""', "null", "pre-upgrade-x", '"pre-upgrade,nope"', "1"])
def test_an_object_with_an_event_that_helm_does_not_know_is_left_out(hook):
    side = read_text(HOOKED.format(hook=hook))
    assert not side.resources
    assert not side.hooks
    assert [resource.id.name for resource in side.skipped] == ["a"]


def test_events_of_hooks_are_read_in_any_case():
    side = read_text(HOOKED.format(hook='" Pre-Upgrade , test"'))
    assert [resource.hooks for resource in side.hooks.values()] == [("pre-upgrade", "test")]


ITEMS = """\
apiVersion: v1
kind: {kind}
metadata: {{name: outer, annotations: {{{annotation}}}}}
items: {items}
"""
INNER = "[{metadata: {name: inner, annotations: {helm.sh/hook: test}}, data: {a: b}}]"


@pytest.mark.parametrize("kind", ["List", "ConfigMapList", "ConfigMap", "Deployment"])
def test_any_object_with_items_is_a_list(kind):
    typed = INNER.replace("metadata", "apiVersion: v1, kind: ConfigMap, metadata", 1)
    side = read_text(ITEMS.format(kind=kind, items=typed, annotation=""))
    assert [resource.name for resource in side.resources] == ["inner"]
    assert not side.hooks  # Helm reads the annotations of the document, not of the items


def test_an_item_has_the_kind_of_its_list():
    side = read_text(ITEMS.format(kind="ConfigMapList", items=INNER, annotation=""))
    assert [resource.kind for resource in side.resources] == ["ConfigMap"]


@pytest.mark.parametrize("items", ["[]", "null"])
def test_an_object_with_empty_items_is_nothing(items):
    side = read_text(ITEMS.format(kind="StatefulSet", items=items, annotation=""))
    assert not side.resources


@pytest.mark.parametrize("items", ["{a: b}", "text", "[text]"])
def test_items_that_are_no_list_of_objects_are_refused(items):
    with pytest.raises(ReadError):
        read_text(ITEMS.format(kind="ConfigMap", items=items, annotation=""))


def test_the_items_of_a_hook_are_hooks():
    hook = "helm.sh/hook: pre-upgrade"
    side = read_text(ITEMS.format(kind="ConfigMapList", items=INNER, annotation=hook))
    assert [resource.name for resource in side.hooks] == ["inner"]


@pytest.mark.parametrize("value", ["1", "true", "~", "1.5", "n"])
def test_metadata_that_may_be_no_text_is_parsed_even_where_it_is_equal_on_both_sides(value):
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels:\n    x: {value}\n"
    sides = ([Text("file", text, checked=True)] for _ in range(2))
    _, after = Reader("default").read_pair(*sides)
    assert not any(isinstance(resource, UnreadResource) for resource in after.resources.values())
