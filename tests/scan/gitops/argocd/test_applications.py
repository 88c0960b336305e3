"""Argo CD: which releases Applications and ApplicationSets declare, with which chart and values."""

from pathlib import Path

import pytest

from policylint.scan.gitops.argocd.application import Context
from policylint.scan.gitops.argocd.generators import parameter_sets
from policylint.scan.gitops.argocd.templates import filled
from policylint.scan.gitops.gotemplates.model import TemplateError
from policylint.scan.gitops.resolve import resolve
from policylint.scan.gitops.tree import Tree

REPOSITORY = Path("fixtures/repositories/argocd")
REMOTE = "git@git.example:team/platform.git"


def declared_at(remote=REMOTE):
    return resolve(Tree.of(REPOSITORY), None, [remote])


def release(name):
    return next(release for release in declared_at().releases if release.name == name)


def test_an_application_by_path():
    front = release("front")
    assert (front.key, front.chart.kind) == (("", "web", "front", "web"), "path")
    assert [(layer.kind, layer.path or dict(layer.values)) for layer in front.layers] == [
        ("file", "charts/web/values.yaml"),
        ("file", "values/web-image.yaml"),
        ("values", {"replicas": 2}),
    ]
    assert front.sets == (("set", "host=a\\,b"), ("set-string", "tier=1"))
    assert front.unresolved == ()
    assert front.settings["sync.serverSideApply"] is True
    assert front.include_crds


def test_several_sources_with_values_of_another():
    cache = release("cache")
    assert (cache.cluster, cache.chart.kind, cache.chart.version) == (
        "edge",
        "repository",
        "1.2.0",
    )
    assert [layer.path or dict(layer.values) for layer in cache.layers] == [
        "values/cache.yaml",
        {"size": 3},
    ]
    assert cache.unresolved == ()
    assert cache.settings["prune"] is False


def test_a_matrix_of_files_and_a_list():
    shops = sorted(item.key for item in declared_at().releases if "-" in item.name)
    assert shops == [
        ("production", "north", "north-production"),
        ("production", "south", "south-production"),
        ("staging", "north", "north-staging"),
        ("staging", "south", "south-staging"),
    ]
    assert release("north-staging").layers[0].values == {"host": "NORTH.staging"}


def test_what_only_a_cluster_knows_is_said():
    (problem,) = declared_at().problems
    assert "the generator clusters" in problem.message
    assert (problem.file, problem.line) == ("sets/clusters.yaml", 1)


def test_another_repository_is_not_taken_for_this_one():
    releases = {
        release.name: release for release in declared_at("https://git.example/team/other").releases
    }
    assert releases["front"].chart.kind == "unknown"
    assert "another repository" in releases["front"].unresolved[0]
    assert "another repository" in releases["cache"].unresolved[0]


@pytest.mark.parametrize(
    ("template", "result"),
    [
        ("{{ .a }}-{{.b.c}}", "x-1"),
        ('{{ .none | default "y" }}', "y"),
        ("{{- .a -}} z", "xz"),
        ('{{ index .l 1 | replace "_" "-" }}', "q-r"),
        ("{{ .none }}", "<no value>"),
    ],
)
def test_plain_go_templates(template, result):
    parameters = {"a": "x", "b": {"c": 1}, "l": ["p", "q_r"]}
    assert filled(template, parameters, True) == result


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ .a | env }}", "env is no function"),
        ("{{ getHostByName .a }}", "getHostByName is no function"),
        ("{{ now }}", "now asks the clock"),
        ("{{ .a.b }}", "no field b of string"),
        ("{{ if eq .n 1 }}x{{ end }}", "a comparison of float64 with int"),
    ],
)
def test_what_argo_cd_refuses_and_what_is_not_known(template, words):
    with pytest.raises(TemplateError, match=words):
        filled(template, {"a": "x", "n": 1}, True)


@pytest.mark.parametrize(
    ("template", "result"),
    [
        ("{{ normalize .a }} {{ slugify .a }}", "feature-x.y feature-x-y"),
        ("{{ slugify 5 true `a_b` }}", "a-b"),
        ("{{ toYaml .m }}", 'size: 1\nt: "1"'),
        ("{{ (fromYaml `a: {b: 2}`).a.b }}{{ index (fromYamlArray `[x]`) 0 }}", "2x"),
        ("{{ if .none }}a{{ else if eq .a `Feature_X.y` }}b{{ end }}", "b"),
        ("{{ range $key, $entry := .m }}{{ $key }}={{ $entry }};{{ end }}", "size=1;t=1;"),
        ("{{ .million }}", "1e+06"),
    ],
)
def test_functions_of_argo_cd(template, result):
    parameters = {"a": "Feature_X.y", "m": {"size": 1, "t": "1"}, "million": 1_000_000}
    assert filled(template, parameters, True) == result


def test_old_templates_leave_what_nobody_gives():
    parameters = {"a": "x", "n": 1}
    assert filled("{{a}} {{ b.c }} {{n}}", parameters, False) == "x {{ b.c }} {{n}}"


def test_merge_and_directories():
    context = Context(Tree.of(REPOSITORY))
    directories = {"git": {"repoURL": "here", "directories": [{"path": "config/*"}]}}
    base = {"list": {"elements": [{"path": "config/staging", "extra": "1"}]}}
    merge = {"merge": {"mergeKeys": ["path"], "generators": [directories, base]}}
    made = parameter_sets(context, merge, False)
    assert [
        (element["path"], element["path.basename"], element.get("extra")) for element in made
    ] == [
        ("config/production", "production", None),
        ("config/staging", "staging", "1"),
    ]


def test_applications_that_a_chart_renders_are_said(tmp_path):
    template = tmp_path / "apps/templates/apps.yaml"
    template.parent.mkdir(parents=True)
    template.write_text(
        "{{- range .Values.apps }}\napiVersion: argoproj.io/v1alpha1\n"
        "kind: Application\n{{- end }}\n",
        "utf-8",
    )
    (tmp_path / "apps/Chart.yaml").write_text("name: apps\nversion: 1.0.0\n", "utf-8")
    (problem,) = resolve(Tree.of(tmp_path)).problems
    assert (problem.file, problem.line) == ("apps/templates/apps.yaml", 3)
    assert problem.paths == ("apps", ".")


def test_what_an_unresolved_set_may_take_is_known():
    (problem,) = declared_at().problems
    assert problem.paths == ()


SET = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: apps}
spec:
  goTemplate: true
  generators:
    - git:
        repoURL: https://git.example/team/platform.git
        files: [{path: "tenants/*.yaml"}]
        pathParamPrefix: tenant
  templatePatch: |
    spec:
      project: null
      source: {helm: {releaseName: "{{ .name }}-web"}}
  template:
    metadata: {name: "{{ .name }}"}
    spec:
      project: default
      destination: {namespace: "{{ .tenant.path.basename }}"}
      source: {repoURL: https://git.example/team/platform.git, path: chart, targetRevision: HEAD}
"""


def test_lists_in_files_prefixed_paths_and_patched_templates(tmp_path):
    for name, text in {
        "set.yaml": SET,
        "tenants/a.yaml": "[{name: north}, {name: south}]\n",
        "tenants/b.yaml": "name: west\n",
        "chart/Chart.yaml": "name: chart\nversion: 1.0.0\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    declarations = resolve(Tree.of(tmp_path), None, [REMOTE])
    names = [(release.name, release.namespace) for release in declarations.releases]
    assert names == [(f"{name}-web", "tenants") for name in ("north", "south", "west")]
    (tmp_path / "tenants/a.yaml").write_text("[1]\n", "utf-8")
    (problem,) = resolve(Tree.of(tmp_path), None, [REMOTE]).problems
    assert "neither an object nor a list of objects" in problem.message


APPS = """\
argocd-apps:
  applicationsets:
    root:
      generators:
        - git: {repoURL: http://git.internal/ops/platform, directories: [{path: apps/*}]}
      template:
        metadata: {name: "{{path.basename}}"}
        spec:
          destination: {name: in-cluster, namespace: "{{path.basename}}"}
          source: {repoURL: http://git.internal/ops/platform, path: "{{path}}"}
  applications:
    extra:
      destination: {namespace: extra}
      source: {repoURL: https://charts.example, chart: extra, targetRevision: 1.0.0}
"""


def test_what_values_of_argocd_apps_declare_is_found(tmp_path):
    dependency = (
        "dependencies: [{name: argocd-apps, version: 2.0.0, repository: https://a.example}]"
    )
    for name, text in {
        "argocd/Chart.yaml": f"name: argocd\nversion: 0.0.0\n{dependency}\n",
        "argocd/values.yaml": APPS,
        "apps/blog/Chart.yaml": "name: blog\nversion: 0.0.0\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(text, "utf-8")
    releases = resolve(Tree.of(tmp_path), None, [REMOTE]).releases
    assert sorted((release.name, release.chart.kind, release.line) for release in releases) == [
        ("blog", "path", 3),
        ("extra", "repository", 12),
    ]
