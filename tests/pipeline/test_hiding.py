"""Nothing that a manifest's text can do hides a deletion or a refusal: a check that fails goes on
failing, or knows that it cannot tell."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from policylint.commands.check import check
from policylint.helm.inputs.options import Options
from policylint.model import Severity, Verdict
from tests.helms import helm

EXAMPLES = int(os.environ.get("POLICYLINT_HIDING_EXAMPLES", "60"))

Text = str
Trick = Callable[[Text], Text]

CLAIM = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data
spec:
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: 8Gi
"""
SETTINGS = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  a: '1'\n"
HOLDER = SETTINGS.replace("settings", "holder")
PORT = """\
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector:
    app: web
  ports:
    - port: 99999
"""


def deployment(app: str) -> Text:
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector:
    matchLabels:
      app: {app}
  template:
    metadata:
      labels:
        app: {app}
    spec:
      containers:
        - name: web
          image: example.com/web:1
"""


def indented(text: Text, by: int) -> Text:
    return "".join(f"{' ' * by}{line}\n" for line in text.splitlines())


def item(text: Text) -> Text:
    return "- " + indented(text, 2)[2:]


def annotated(*pairs: tuple[str, str]) -> Trick:
    def trick(text: Text) -> Text:
        body = yaml.safe_load(text)
        body["metadata"].setdefault("annotations", {}).update(dict(pairs))
        return yaml.safe_dump(body)

    return trick


def with_metadata(**more: str) -> Trick:
    def trick(text: Text) -> Text:
        body = yaml.safe_load(text)
        body["metadata"].update(more)
        return yaml.safe_dump(body)

    return trick


def retyped(**types: str) -> Trick:
    def trick(text: Text) -> Text:
        return yaml.safe_dump({**yaml.safe_load(text), **types})

    return trick


EVENTS = ("pre-delete", "post-delete", "test", "test-success", "pre-install", "crd-install", "")
NOT_THERE: dict[str, Trick] = {
    "comment": lambda text: "".join(f"# {line}\n" for line in text.splitlines()),
    "comment with separators": lambda text: "# ---\n" + NOT_THERE["comment"](text),
    "block of another": lambda text: HOLDER.replace("a: '1'", "a: |") + indented(text, 4),
    "folded": lambda text: HOLDER.replace("a: '1'", "a: >-") + indented(text, 4),
    "quoted": lambda text: HOLDER.replace("'1'", json.dumps(text)),
    "source": lambda text: f"# Source: shop/templates/claim.yaml\n{NOT_THERE['comment'](text)}",
    "empty items": lambda text: f"{text}items: []\n",
    "null items": lambda text: f"{text}items:\n",
    "empty list": lambda text: "apiVersion: v1\nkind: List\nitems: []\nold:\n" + item(text),
    "last appliedconfiguration": annotated(("x", CLAIM)),
    "other case of the kind": retyped(kind="persistentvolumeclaim"),
    "plural": retyped(kind="PersistentVolumeClaims"),
    "like a built-in group": retyped(apiVersion="v1.example.com/v1"),
    "group that begins with a blank": retyped(apiVersion=" v1"),
    "core group": retyped(apiVersion="core/v1"),
    "other name": with_metadata(name="Data"),
    "name with a blank": with_metadata(name="data "),
    "other namespace": with_metadata(namespace="other"),
    "kept": annotated(("helm.sh/resource-policy", "Keep")),
    "kept with a blank": annotated(("helm.sh/resource-policy", " keep")),
    **{f"hook {event}": annotated(("helm.sh/hook", event)) for event in EVENTS},
    "hook in capitals": annotated(("helm.sh/hook", "Pre-Upgrade ")),
    "hook deleted": annotated(
        ("helm.sh/hook", "pre-upgrade"), ("helm.sh/hook-delete-policy", "hook-succeeded")
    ),
    "hook of several events": annotated(("helm.sh/hook", "pre-delete,pre-rollback")),
    "hook of an unknown event": annotated(("helm.sh/hook", "pre-upgrade,nonsense")),
}
"""Ways to write a claim so that it is not the release's claim any more, or no more than it was."""
KEPT_AS_IT_IS = ("kept", "kept with a blank", "last appliedconfiguration")


def listed(kind: str, api_version: str = "v1") -> Trick:
    return lambda text: f"apiVersion: {api_version}\nkind: {kind}\nitems:\n{item(text)}"


def anchored(text: Text) -> Text:
    name = yaml.safe_load(text)["metadata"]["name"]
    return text.replace(f"  name: {name}\n", f"  labels: {{x: &n {name}}}\n  name: *n\n", 1)


def flowing(text: Text) -> Text:
    return json.dumps(yaml.safe_load(text)) + "\n"


def quoted_keys(text: Text) -> Text:
    return text.replace("kind:", '"kind" :', 1).replace("apiVersion:", "'apiVersion':", 1)


def said_twice(text: Text) -> Text:
    return "kind: ConfigMap\nmetadata: {name: other}\n" + text


def tagged(text: Text) -> Text:
    return text.replace("kind: ", "kind: !!str ", 1).replace("metadata:", "metadata: !!map", 1)


def merged(text: Text) -> Text:
    body = yaml.safe_load(text)
    metadata = json.dumps(body.pop("metadata"))
    return yaml.safe_dump(body) + f"metadata:\n  <<: {metadata}\n"


THERE: dict[str, Trick] = {
    "as it is": lambda text: text,
    "list": listed("List"),
    "any object with items": listed("ConfigMapList"),
    "list of a group": listed("WidgetList", "example.com/v1"),
    "list in a list": lambda text: listed("List")(listed("List")(text)),
    "anchor": anchored,
    "flow": flowing,
    "quoted keys": quoted_keys,
    "keys said twice": said_twice,
    "tags": tagged,
    "merge": merged,
    "source": lambda text: f"# Source: shop/crds/x.yaml\n{text}",
    "comment first": lambda text: f"# nothing\n\n{text}",
    "carriage returns": lambda text: text.replace("\n", "\r\n"),
    "document end": lambda text: f"{text}...\n",
    "kept": annotated(("helm.sh/resource-policy", "keep")),
    "event nobody knows": annotated(("helm.sh/hooks", "pre-upgrade")),
    "weight alone": annotated(("helm.sh/hook-weight", "5")),
}
"""Ways to write an object that is the same for Helm, or nearly."""
SEPARATORS = ("---\n", "--- \n", "---\t\n", "--- # next\n", "\n---\n", "---\n---\n", "---\r\n")


def told(directory, before: list[Text], files: list[Text], line: str, mark: str) -> set[str]:
    """The rules that fail the check of two sides, each text a file of its own; "unknown" where the
    verdict is that."""
    for side, texts in (("before", before), ("after", files)):
        room = directory / side
        room.mkdir(exist_ok=True)
        for number, text in enumerate(texts):
            (room / f"{number}.yaml").write_text(mark + text, newline="")
    sides = {"before": str(directory / "before"), "after": str(directory / "after")}
    report = check(Options(**sides, helm_version=line, kube_version="1.36"))
    if report.verdict is Verdict.UNKNOWN:
        return {"unknown"}
    findings = [finding for release in report.releases for finding in release.findings]
    return {finding.rule for finding in findings if finding.severity is Severity.ERROR}


LINES = st.sampled_from(("3", "4"))
MARKS = st.sampled_from(("", "", "\ufeff"))


@settings(max_examples=EXAMPLES)
@given(st.data(), LINES, MARKS, st.sampled_from(SEPARATORS))
def test_a_claim_that_goes_is_told_however_it_is_written(
    tmp_path_factory, data, line, mark, separator
):
    tricks = [name for name in NOT_THERE if name not in KEPT_AS_IT_IS]
    names = data.draw(st.lists(st.sampled_from(tricks), min_size=1, max_size=3), label="tricks")
    wraps = data.draw(st.lists(st.sampled_from(list(THERE)), max_size=1), label="wrapped")
    parts = [SETTINGS, *(NOT_THERE[name](CLAIM) for name in names)]
    parts = [*parts, *(THERE[wrap](SETTINGS.replace("settings", "more")) for wrap in wraps)]
    order = data.draw(st.permutations(parts), label="order")
    cut = data.draw(st.integers(0, len(order)), label="files")
    files = [separator.join(part) for part in (order[:cut], order[cut:]) if part]
    room = tmp_path_factory.mktemp("hiding", numbered=True)
    rules = told(room, [f"{SETTINGS}---\n{CLAIM}"], files, line, mark)
    assert rules & {"claim-deleted", "hook-deletes-object", "removed-api", "unknown"}


REFUSED = {
    "invalid": ([SETTINGS], PORT),
    "changed": ([SETTINGS, deployment("one")], deployment("two")),
}


@settings(max_examples=EXAMPLES)
@given(st.data(), LINES, MARKS, st.sampled_from(SEPARATORS), st.sampled_from(sorted(REFUSED)))
def test_what_the_server_refuses_is_told_however_it_is_written(
    tmp_path_factory, data, line, mark, separator, case
):
    before, refused = REFUSED[case]
    names = data.draw(st.lists(st.sampled_from(list(THERE)), min_size=1, max_size=2))
    text = refused
    for name in names:
        try:
            text = THERE[name](text)
        except (yaml.YAMLError, KeyError, TypeError):
            continue  # the trick before it left no plain document
    parts = data.draw(st.permutations([SETTINGS, text]), label="order")
    cut = data.draw(st.integers(0, 2), label="files")
    files = [separator.join(part) for part in (parts[:cut], parts[cut:]) if part]
    room = tmp_path_factory.mktemp("hiding", numbered=True)
    rules = told(room, ["---\n".join(before)], files, line, mark)
    assert rules & {"invalid-object", "selector-changed", "unknown"}


STATIC = ("templates/NOTES.txt", "d.yaml", "templates/_e.yaml", "crds/c.yaml")


@pytest.mark.parametrize("place", [*STATIC, "charts/sub/crds/f.yaml"])
@pytest.mark.parametrize("line", ["3", "4"])
@pytest.mark.parametrize("start", ["", "# Source: shop/templates/claim.yaml\n", "---\n", "...\n"])
def test_a_file_that_is_no_template_keeps_no_claim(tmp_path, place, line, start):
    """A claim moves out of the templates into a file that Helm does not apply on an upgrade."""
    for side, files in (("before", {"templates/claim.yaml": CLAIM}), ("after", {})):
        written = {"Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n"}
        written |= {"templates/settings.yaml": SETTINGS, **files}
        written["charts/sub/Chart.yaml"] = "apiVersion: v2\nname: sub\nversion: 1.0.0\n"
        if side == "after":
            written[place] = f"{start}{CLAIM}"
        for name, text in written.items():
            (tmp_path / side / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / side / name).write_text(text)
    sides = {"before": str(tmp_path / "before"), "after": str(tmp_path / "after")}
    report = check(Options(**sides, helm=helm(line).path, kube_version="1.36"))
    assert report.verdict is not Verdict.PASS
