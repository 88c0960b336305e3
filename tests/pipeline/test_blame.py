"""What makes a finding, confirmed by taking changes back: one chart for each mechanism by which a
change reaches a field, and cases with known causes."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import replace

from policylint.commands import check as command
from policylint.config import Config
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.sides import ChartSide, ValuesInput
from policylint.helm.inputs.workspace import Workspace
from policylint.model import Finding, Location
from policylint.pipeline.blame.causes import MOST_NAMED
from policylint.pipeline.configuration.gate import gate_of
from policylint.pipeline.configuration.settings import resolve
from policylint.pipeline.load import Loaded
from policylint.pipeline.plan import plan_of
from policylint.report.model import Report
from tests.helms import helm


class Case(Struct, frozen=True):
    """A change of files and flags, and the keys that make the findings of it."""

    name: str
    files: dict[str, str]
    """The files of the new side by path; "" for one that is gone. The rest stay as they are."""
    cause: set[str]
    """`key`, `file:line key`, or `file` of each cause of the one finding that is asked for."""
    base: dict[str, str] = {}
    """Files that the old side has otherwise."""
    sets: tuple[str, ...] = ()
    old_sets: tuple[str, ...] = ()
    rule: str = "statefulset-immutable-field"
    old_kube: str = "1.34"


STATEFULSET = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 2
  serviceName: SERVICE
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers: [{name: db, image: "postgres:16"}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: SIZE}}
"""


def statefulset(size: str, service: str = "db") -> str:
    """A StatefulSet whose claims have this size."""
    return STATEFULSET.replace("SIZE", size).replace("SERVICE", service)


JOB = """\
apiVersion: batch/v1
kind: Job
metadata: {name: job}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: job, image: IMAGE}]
"""
CLAIM = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 8Gi}}
"""

SIZE = "{{ .Values.persistence.size }}"
DIRECT = {
    "chart/templates/a.yaml": statefulset(SIZE, "{{ .Values.service }}"),
    "chart/values.yaml": "persistence:\n  size: 8Gi\n  other: a\nservice: db\nunused: 1\n",
    "prod.yaml": "persistence:\n  size: 8Gi\n",
}
VERSION_2 = "apiVersion: v2\nname: app\nversion: 2.0.0\nappVersion: '2'\n"
ALIASED = (
    "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n"
    "  - {name: db, alias: primary, version: 1.0.0}\n"
)
MANY = "".join(f"key{number}: old\n" for number in range(20))
MANY_CHANGED = MANY.replace("old", "new")


def prod(text: str) -> dict[str, str]:
    """The user's values file, changed."""
    return {"prod.yaml": text}


def defaults(text: str) -> dict[str, str]:
    """The chart's values.yaml, changed."""
    return {"chart/values.yaml": text}


SIZE_20 = "persistence:\n  size: 20Gi\n"
GROUPS: dict[str, tuple[dict[str, str], tuple[Case, ...]]] = {
    "a value printed as it is": (
        DIRECT,
        (
            Case("alone", prod(SIZE_20), {"prod.yaml:2 persistence.size"}),
            Case("moved down", prod("# a\n# b\n" + SIZE_20), {"prod.yaml:4 persistence.size"}),
            Case(
                "beside one that does nothing", prod(SIZE_20 + "unused: 2\n"), {"persistence.size"}
            ),
            Case(
                "beside one that became the same",
                prod(SIZE_20 + "unused: 20Gi\n"),
                {"persistence.size"},
                base=prod("persistence:\n  size: 8Gi\nunused: 8Gi\n"),
            ),
            Case("beside twenty others", prod(SIZE_20 + MANY_CHANGED), {"persistence.size"}),
            Case(
                "in flow style",
                prod("persistence: {size: 20Gi}\n"),
                {"prod.yaml:1 persistence.size"},
            ),
            Case(
                "back to the default",
                prod("{}\n"),
                {"persistence.size"},
                base=prod("persistence: {size: 20Gi}\n"),
            ),
            Case(
                "a null",
                prod("persistence: {size: null}\n"),
                {"persistence.size"},
                rule="invalid-object",
            ),
            Case(
                "a default of the chart",
                prod("{}\n") | defaults("persistence:\n  size: 9Gi\nservice: db\n"),
                {"chart/values.yaml:2 persistence.size"},
                base=prod("{}\n"),
            ),
            Case(
                "a default beside a template",
                prod("{}\n")
                | defaults("persistence:\n  size: 9Gi\nservice: db\n")
                | {"chart/templates/b.yaml": "# nothing\n"},
                {"chart/values.yaml:2 persistence.size"},
                base=prod("{}\n"),
            ),
            Case(
                "another field",
                prod("persistence:\n  size: 8Gi\nservice: other\n"),
                {"prod.yaml:3 service"},
            ),
            Case(
                "two fields that are refused",
                prod("persistence:\n  size: 20Gi\nservice: other\n"),
                {"prod.yaml:2 persistence.size", "prod.yaml:3 service"},
            ),
        ),
    ),
    "flags": (
        DIRECT,
        (
            Case("--set", {}, {"--set persistence.size"}, sets=("persistence.size=20Gi",)),
            Case(
                "--set over a file",
                prod(SIZE_20.replace("20", "30")),
                {"--set persistence.size"},
                sets=("persistence.size=20Gi",),
            ),
            Case(
                "--set of two keys",
                {},
                {"--set persistence.size"},
                sets=("persistence.size=20Gi,unused=3",),
            ),
            Case(
                "another --set",
                {},
                {"--set persistence.size"},
                sets=("persistence.size=20Gi",),
                old_sets=("persistence.size=10Gi",),
            ),
            Case(
                "a --set that is gone",
                {},
                {"--set persistence.size"},
                old_sets=("persistence.size=10Gi",),
            ),
            Case(
                "a file beside a --set",
                prod(SIZE_20),
                {"prod.yaml:2 persistence.size"},
                sets=("unused=20Gi",),
            ),
        ),
    ),
    "two keys together": (
        {
            "chart/templates/a.yaml": JOB.replace(
                "IMAGE", '"{{ .Values.repo }}:{{ .Values.tag }}"'
            ),
            "chart/values.yaml": "repo: app\ntag: '1'\nunused: x\n",
            "prod.yaml": "{}\n",
        },
        (
            Case("a tag", prod("tag: '2'\n"), {"prod.yaml:1 tag"}, rule="job-template-changed"),
            Case("a repository", prod("repo: app2\n"), {"repo"}, rule="job-template-changed"),
            Case(
                "both", prod("repo: app2\ntag: '2'\n"), {"repo", "tag"}, rule="job-template-changed"
            ),
            Case(
                "both and others",
                prod("repo: app2\ntag: '2'\nunused: y\n" + MANY_CHANGED),
                {"repo", "tag"},
                rule="job-template-changed",
            ),
            Case(
                "a file and a flag",
                prod("repo: app2\n"),
                {"repo", "--set-string tag"},
                sets=("string:tag=2",),
                rule="job-template-changed",
            ),
            Case(
                "a file and a default",
                prod("repo: app2\n") | defaults("repo: app\ntag: '3'\n"),
                {"repo", "chart/values.yaml:2 tag"},
                rule="job-template-changed",
            ),
        ),
    ),
    "toggles": (
        {
            "chart/templates/a.yaml": "{{- if .Values.persistence.enabled }}\n"
            + CLAIM
            + "{{- end }}\n"
            "---\n{{- with .Values.extra }}\n"
            + statefulset("{{ .size }}")
            + "{{- end }}\n---\n{{- range .Values.claims }}\n"
            + CLAIM.replace("name: data", 'name: "{{ . }}"').replace(
                '{name: "{{ . }}"}', '{name: "{{ . }}"}'
            )
            + "---\n{{- end }}\n",
            "chart/values.yaml": "persistence: {enabled: true, existing: ''}\nextra: {size: 1Gi}\n"
            "claims: [one, two]\nunused: 1\n",
            "prod.yaml": "{}\n",
        },
        (
            Case(
                "if",
                prod("persistence: {enabled: false}\n"),
                {"persistence.enabled"},
                rule="claim-deleted",
            ),
            Case(
                "if, among others",
                prod("unused: 2\npersistence:\n  enabled: false\n" + MANY_CHANGED),
                {"prod.yaml:3 persistence.enabled"},
                rule="claim-deleted",
            ),
            Case("with", prod("extra: {size: 2Gi}\n"), {"extra.size"}),
            Case(
                "with, switched off", prod("extra: null\n"), {"extra"}, rule="statefulset-deleted"
            ),
            Case("range, one less", prod("claims: [one]\n"), {"claims"}, rule="claim-deleted"),
            Case(
                "range, renamed",
                prod("claims: [one, three]\nunused: 3\n"),
                {"claims"},
                rule="claim-deleted",
            ),
            Case(
                "a default switched off",
                defaults("persistence: {enabled: false}\nextra: {size: 1Gi}\nclaims: [one, two]\n"),
                {"chart/values.yaml:1 persistence.enabled"},
                rule="claim-deleted",
            ),
        ),
    ),
    "conditions of two keys": (
        {
            "chart/templates/a.yaml": "{{- if not (and .Values.a .Values.b) }}\n"
            + CLAIM
            + "{{- end }}\n",
            "chart/values.yaml": "a: false\nb: false\n",
            "prod.yaml": "{}\n",
        },
        (
            Case(
                "both",
                prod("a: true\nb: true\n"),
                {"prod.yaml:1 a", "prod.yaml:2 b"},
                rule="claim-deleted",
            ),
            Case(
                "the second, the first stood",
                prod("a: true\nb: true\nunused: 1\n"),
                {"b"},
                base=prod("a: true\n"),
                rule="claim-deleted",
            ),
            Case(
                "both, far apart",
                prod("a: true\n" + MANY_CHANGED + "b: true\n"),
                {"a", "b"},
                rule="claim-deleted",
            ),
        ),
    ),
    "either of two keys": (
        {
            "chart/templates/a.yaml": "{{- if not (or .Values.a .Values.b) }}\n"
            + CLAIM
            + "{{- end }}\n",
            "chart/values.yaml": "a: false\nb: false\n",
            "prod.yaml": "{}\n",
        },
        (
            Case("one", prod("a: true\nunused: 1\n"), {"a"}, rule="claim-deleted"),
            Case(
                "both, each by itself", prod("a: true\nb: true\n"), {"a", "b"}, rule="claim-deleted"
            ),
        ),
    ),
    "helpers": (
        {
            "chart/templates/_helpers.tpl": '{{- define "size" -}}{{ default "8Gi" .Values.size }}'
            "{{- end }}\n"
            '{{- define "name" -}}{{ .Values.prefix | lower | trunc 20 }}-svc{{- end }}\n',
            "chart/templates/a.yaml": statefulset(
                '{{ include "size" . }}', '{{ include "name" . }}'
            ),
            "chart/values.yaml": "prefix: DB\n",
            "prod.yaml": "{}\n",
        },
        (
            Case("through a helper", prod("other: 20Gi\nsize: 20Gi\n"), {"prod.yaml:2 size"}),
            Case("put together by a helper", prod("prefix: Data\n"), {"prefix"}),
            Case("that is as good", prod("prefix: db\nsize: 9Gi\n"), {"size"}),
            Case(
                "the helper itself",
                {
                    "chart/templates/_helpers.tpl": '{{- define "size" -}}9Gi{{- end }}\n'
                    '{{- define "name" -}}{{ .Values.prefix | lower | trunc 20 }}-svc{{- end }}\n'
                },
                {"chart/templates/_helpers.tpl"},
            ),
            Case(
                "one of two helpers of a file",
                {
                    "chart/templates/_helpers.tpl": '{{- define "size" -}}'
                    '{{ .Values.size | default "8Gi" }}{{- end }}\n'
                    '{{- define "name" -}}db-headless{{- end }}\n'
                },
                {"chart/templates/_helpers.tpl:2"},
            ),
            Case(
                "the helper, beside a value",
                {
                    "chart/templates/_helpers.tpl": '{{- define "size" -}}9Gi{{- end }}\n'
                    '{{- define "name" -}}db-svc{{- end }}\n',
                    "prod.yaml": "unused: 9Gi\n",
                },
                {"chart/templates/_helpers.tpl"},
            ),
        ),
    ),
    "templates": (
        DIRECT,
        (
            Case(
                "a template",
                {"chart/templates/a.yaml": statefulset("9Gi")},
                {"chart/templates/a.yaml:16"},
                base={"chart/templates/a.yaml": statefulset("8Gi")},
            ),
            Case(
                "one line of a template, below others that change",
                {
                    "chart/templates/a.yaml": "# new\n"
                    + statefulset("9Gi").replace("replicas: 2", "replicas: 3")
                },
                {"chart/templates/a.yaml:17"},
                base={"chart/templates/a.yaml": statefulset("8Gi")},
            ),
            Case(
                "a condition above what it takes away",
                {
                    "chart/templates/a.yaml": "# new\n"
                    + statefulset("8Gi").replace("replicas: 2", "replicas: 3")
                    + "---\n{{- if .Values.claim }}\n"
                    + CLAIM
                    + "{{- end }}\n# more\n"
                },
                {"chart/templates/a.yaml:19"},
                base={
                    "chart/templates/a.yaml": statefulset("8Gi")
                    + "---\n{{- if true }}\n"
                    + CLAIM
                    + "{{- end }}\n"
                },
                rule="claim-deleted",
            ),
            Case(
                "a template that is gone",
                {"chart/templates/claim.yaml": "", "prod.yaml": "unused: 2\n"},
                {"chart/templates/claim.yaml"},
                base={"chart/templates/claim.yaml": CLAIM},
                rule="claim-deleted",
            ),
            Case(
                "a template and its new default",
                {
                    "chart/templates/a.yaml": statefulset("{{ .Values.volume.size }}"),
                    "chart/values.yaml": "persistence: {size: 8Gi}\nvolume: {size: 9Gi}\n",
                },
                {"chart/templates/a.yaml", "volume.size"},
            ),
            Case(
                "a file that a template reads",
                {"chart/size.txt": "9Gi"},
                {"chart/size.txt"},
                base={
                    "chart/templates/a.yaml": statefulset('{{ .Files.Get "size.txt" }}'),
                    "chart/size.txt": "8Gi",
                },
            ),
        ),
    ),
    "versions": (
        {
            "chart/templates/a.yaml": JOB.replace("IMAGE", '"app:{{ .Chart.AppVersion }}"'),
            "chart/Chart.yaml": "apiVersion: v2\nname: app\nversion: 1.0.0\nappVersion: '1'\n",
            "prod.yaml": "{}\n",
        },
        (
            Case(
                "of the chart",
                {"chart/Chart.yaml": VERSION_2},
                {"chart/Chart.yaml:3 chart version"},
                rule="job-template-changed",
            ),
            Case(
                "of the chart, beside values",
                {
                    "chart/Chart.yaml": VERSION_2,
                    "prod.yaml": "a: '2'\n",
                },
                {"chart version"},
                rule="job-template-changed",
            ),
        ),
    ),
    "subcharts": (
        {
            "chart/Chart.yaml": "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n"
            "  - name: db\n    version: 1.0.0\n    condition: db.enabled\n    tags: [store]\n",
            "chart/charts/db/Chart.yaml": "apiVersion: v2\nname: db\nversion: 1.0.0\n",
            "chart/charts/db/values.yaml": "size: 8Gi\nglobal: {}\n",
            "chart/charts/db/templates/a.yaml": statefulset(
                "{{ .Values.global.size | default .Values.size }}"
            ),
            "chart/values.yaml": "db: {enabled: true}\n",
            "prod.yaml": "{}\n",
        },
        (
            Case("a value of it", prod("db:\n  size: 9Gi\n"), {"prod.yaml:2 db.size"}),
            Case(
                "a value of it beside a global",
                prod("db:\n  size: 9Gi\nglobal:\n  other: 9Gi\n"),
                {"db.size"},
            ),
            Case("a global", prod("global:\n  size: 9Gi\n"), {"prod.yaml:2 global.size"}),
            Case(
                "a global over a value",
                prod("db: {size: 10Gi}\nglobal: {size: 9Gi}\n"),
                {"global.size"},
            ),
            Case(
                "its condition",
                prod("db: {enabled: false}\n"),
                {"db.enabled"},
                rule="statefulset-deleted",
            ),
            Case(
                "its condition, among others",
                prod("db: {enabled: false, size: 9Gi}\n"),
                {"db.enabled"},
                rule="statefulset-deleted",
            ),
            Case(
                "its tag",
                prod("tags: {store: false}\nx: 1\n"),
                {"tags.store"},
                base=defaults("{}\n"),
                rule="statefulset-deleted",
            ),
            Case(
                "its own default",
                {"chart/charts/db/values.yaml": "size: 9Gi\nglobal: {}\n"},
                {"chart/charts/db/values.yaml:1 db.size"},
            ),
            Case(
                "its own default, and another one",
                {"chart/charts/db/values.yaml": "more: 1\nsize: 9Gi\nglobal: {}\n"},
                {"chart/charts/db/values.yaml:2 db.size"},
            ),
            Case(
                "its template, beside a default",
                {
                    "chart/charts/db/values.yaml": "size: 8Gi\nglobal: {}\nmore: 9Gi\n",
                    "chart/charts/db/templates/a.yaml": "# new\n" + statefulset("9Gi"),
                },
                {"chart/charts/db/templates/a.yaml:17"},
            ),
            Case(
                "its own default below an alias",
                {
                    "chart/Chart.yaml": ALIASED,
                    "chart/charts/db/values.yaml": "size: 9Gi\nglobal: {}\n",
                },
                {"chart/charts/db/values.yaml:1 primary.size"},
                base={"chart/Chart.yaml": ALIASED},
            ),
            Case(
                "its version",
                {
                    "chart/Chart.yaml": "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n"
                    "  - name: db\n    version: 2.0.0\n    condition: db.enabled\n",
                    "chart/charts/db/Chart.yaml": "apiVersion: v2\nname: db\nversion: 2.0.0\n",
                    "chart/charts/db/values.yaml": "size: 9Gi\n",
                    "prod.yaml": "a: 9Gi\n",
                },
                {"chart/Chart.yaml:6 dependency db"},
            ),
            Case(
                "a value of the parent",
                defaults("db: {enabled: true, size: 9Gi}\n"),
                {"chart/values.yaml:1 db.size"},
            ),
        ),
    ),
    "anchors": (
        DIRECT | {"prod.yaml": "x: &size 8Gi\npersistence:\n  size: *size\n"},
        (
            Case(
                "an alias",
                prod("x: &size 9Gi\npersistence:\n  size: *size\n"),
                {"prod.yaml:1 persistence.size"},
            ),
            Case(
                "an alias of another anchor",
                prod("x: &size 8Gi\ny: &big 9Gi\npersistence:\n  size: *big\n"),
                {"prod.yaml:2 persistence.size"},
            ),
            Case(
                "a merge key",
                prod("x: &base\n  size: 9Gi\npersistence:\n  <<: *base\n  other: b\n"),
                {"prod.yaml:2 persistence.size"},
            ),
            Case(
                "a merge key that is overridden",
                prod("x: &base\n  size: 1Gi\npersistence:\n  <<: *base\n  size: 9Gi\n"),
                {"prod.yaml:5 persistence.size"},
            ),
        ),
    ),
    "lists": (
        {
            "chart/templates/a.yaml": JOB.replace(
                "[{name: job, image: IMAGE}]",
                "[{name: job, image: app, env: {{ toJson .Values.env }}}]",
            ),
            "chart/values.yaml": "env: []\n",
            "prod.yaml": "env:\n  - {name: A, value: a}\n  - name: B\n    value: b\n",
        },
        (
            Case(
                "an item",
                prod("env:\n  - {name: A, value: a}\n  - name: B\n    value: c\n"),
                {"prod.yaml:4 env.1.value"},
                rule="job-template-changed",
            ),
            Case(
                "one more",
                prod("env:\n  - {name: A, value: a}\n"),
                {"env"},
                rule="job-template-changed",
            ),
        ),
    ),
    "what else a template prints": (
        {
            "chart/templates/a.yaml": statefulset(
                "{{ tpl .Values.text . }}", "{{ .Values.count | int }}s"
            ),
            "chart/values.yaml": "text: '{{ .Values.inner }}'\ninner: 8Gi\ncount: 1000000\n",
            "prod.yaml": "{}\n",
        },
        (
            Case("tpl of a value", prod("inner: 9Gi\n"), {"inner"}),
            Case("tpl itself", prod("text: '9Gi'\ninner: 7Gi\n"), {"text"}),
            Case("a large number", prod("count: 2000000\ninner: 8Gi\n"), {"count"}),
        ),
    ),
    "what a chart refuses to render without": (
        {
            "chart/templates/a.yaml": "{{- if .Values.db.enabled }}\n"
            + statefulset("8Gi")
            + "{{- end }}\n",
            "chart/templates/b.yaml": "{{- if and (not .Values.db.enabled) (not .Values.host) }}"
            '{{ fail "name the host" }}{{ end }}\n'
            "{{- if and .Values.sentinel (not .Values.replicas) }}"
            '{{ fail "a sentinel of one" }}{{ end }}\n',
            "chart/templates/c.yaml": "{{- if not (and .Values.sentinel .Values.replicas) }}\n"
            + CLAIM
            + "{{- end }}\n",
            "chart/values.yaml": "db: {enabled: true}\nhost: ''\nreplicas: 0\nsentinel: false\n",
            "prod.yaml": "{}\n",
        },
        (
            Case(
                "what stands in for what is switched off",
                prod("db: {enabled: false}\nhost: db.example.com\nunused: 1\n"),
                {"db.enabled"},
                rule="statefulset-deleted",
            ),
            Case(
                "what the template needs as well",
                prod("sentinel: true\nreplicas: 3\n"),
                {"sentinel", "replicas"},
                rule="claim-deleted",
            ),
        ),
    ),
    "names": (
        {
            "chart/templates/a.yaml": "".join(
                CLAIM.replace("name: data", 'name: "{{ .Values.name }}-' + kind + '"') + "---\n"
                for kind in ("a", "b", "c", "d", "e", "f")
            ),
            "chart/values.yaml": "name: app\nunused: 1\n",
            "prod.yaml": "{}\n",
        },
        (
            Case(
                "of all objects",
                prod("unused: 2\nname: shop\n"),
                {"prod.yaml:2 name"},
                rule="mass-rename",
            ),
        ),
    ),
    "capabilities": (
        {
            "chart/templates/a.yaml": statefulset(
                '{{ if semverCompare ">=1.34-0" .Capabilities.KubeVersion.Version }}9Gi'
                "{{ else }}8Gi{{ end }}"
            ),
            "prod.yaml": "{}\n",
        },
        (
            Case("the Kubernetes version", {}, {"--kube-version"}, old_kube="1.33"),
            Case(
                "the Kubernetes version, beside a value",
                prod("a: 9Gi\n"),
                {"--kube-version"},
                old_kube="1.33",
            ),
        ),
    ),
}
CASES = [
    pytest.param(base, case, id=f"{group}: {case.name}")
    for group, (base, cases) in GROUPS.items()
    for case in cases
]
CHART = "apiVersion: v2\nname: app\nversion: 1.0.0\n"


def written(top: Path, files: dict[str, str]) -> None:
    """Write files; those without text are left out."""
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text:
            path.write_text(text)
        else:
            path.unlink(missing_ok=True)


def side(top: Path, sets: tuple[str, ...], kube: str) -> ChartSide:
    """One side of a case, whose files lie in a directory."""
    plain = tuple(text for text in sets if not text.startswith("string:"))
    texts = tuple(text.removeprefix("string:") for text in sets if text not in plain)
    values_input = ValuesInput((str(top / "prod.yaml"),), set=plain, set_string=texts)
    made = ChartSide(str(top / "chart"), values_input, kube_version=kube, root=str(top))
    return replace(made, label=top.name)


def judged(
    monkeypatch: pytest.MonkeyPatch, before: ChartSide, after: ChartSide, options: Options
) -> Report:
    """The report of an upgrade between two sides that are found already."""

    def plans(options: Options, config: Config, workspace: Workspace) -> Loaded:
        settings = resolve(options, config)
        plan = plan_of(settings, workspace, sides=(before, after))
        return Loaded((plan,), gate_of(options, config, workspace))

    monkeypatch.setattr(command, "plans", plans)
    return command.check(options)


def two_sides(tmp_path: Path, base: dict[str, str], case: Case) -> tuple[ChartSide, ChartSide]:
    """The sides of a case, written down."""
    old, new = tmp_path / "old", tmp_path / "new"
    files = {"chart/Chart.yaml": CHART, **base, **case.base}
    written(old, files)
    written(new, {**files, **case.files})
    return side(old, case.old_sets, case.old_kube), side(new, case.sets, "1.34")


def words(place: Location) -> set[str]:
    """The ways in which a case may name a place."""
    line = f"{place.file}:{place.line}"
    keyed = {place.key, f"{line} {place.key}", f"{place.file} {place.key}"}
    return keyed | {line, place.file}


def causes(finding: Finding) -> list[Location]:
    """The places of what makes a finding."""
    return [place for place in finding.locations if place.role != "rendered"]


@pytest.mark.parametrize("engine", ["helm", "embedded"])
@pytest.mark.parametrize(("base", "case"), CASES)
def test_the_smallest_set_of_changes_is_named(
    base: dict[str, str],
    case: Case,
    engine: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, after = two_sides(tmp_path, base, case)
    path = helm("4").path if engine == "helm" else "embedded"
    options = Options(after="chart", helm=path, helm_version="4", allow_empty=True, blame=200)
    report = judged(monkeypatch, before, after, options)
    (release,) = report.releases
    findings = [finding for finding in release.findings if finding.rule == case.rule]
    assert findings or not case.cause, [str(row) for row in (*release.findings, *release.failures)]
    for finding in findings:
        places = causes(finding)
        assert all(place.confirmed for place in places)
        unnamed = [place for place in places if case.cause.isdisjoint(words(place))]
        missing = [key for key in case.cause if not any(key in words(place) for place in places)]
        assert (unnamed, missing) == ([], [])
        steps = [step for fix in finding.fixes for step in fix.steps if "old value" in step]
        if places and {place.role for place in places} == {"cause"} and len(places) <= MOST_NAMED:
            assert all(place.file in step for step in steps for place in places)
        else:
            assert not any(place.file in step for step in steps for place in places)


def test_there_are_sixty_cases() -> None:
    assert len(CASES) >= 60


def test_odd_dependencies_break_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = CHART + "dependencies: {name: db}\n"
    case = Case("odd", {"chart/Chart.yaml": odd, "prod.yaml": SIZE_20}, set())
    before, after = two_sides(tmp_path, DIRECT, case)
    options = Options(after="chart", helm=helm("4").path, helm_version="4")
    report = judged(monkeypatch, before, after, options)
    assert report.releases


def test_a_chart_that_asks_the_cluster_is_explained_over_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = '{{ $old := lookup "v1" "ConfigMap" "default" "settings" }}\n'
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: b}\n---\n"
    size = "{{ if $old }}{{ .Values.persistence.size }}{{ else }}1Gi{{ end }}"
    base = {**DIRECT, "chart/templates/a.yaml": asks + config + statefulset(size)}
    case = Case("asks", prod(SIZE_20 + "other: 1\n"), {"persistence.size"})
    before, after = two_sides(tmp_path, base, case)
    options = Options(after="chart", helm=helm("4").path, helm_version="4", blame=40)
    report = judged(monkeypatch, before, after, options)
    (finding,) = [row for row in report.releases[0].findings if row.rule == case.rule]
    assert [place.key for place in causes(finding)] == ["persistence.size"]
