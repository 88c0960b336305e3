"""helmfile, kustomize's helmCharts and k3s: which releases they declare."""

from pathlib import Path

from policylint.scan.gitops.resolve import resolve
from policylint.scan.gitops.tree import Tree

MIXED = Path("fixtures/repositories/mixed")


def releases(root=MIXED):
    declared = resolve(Tree.of(root)).releases
    return {release.name: release for release in declared if not release.is_absent}


def shown(layers):
    return [layer.path or dict(layer.values) for layer in layers]


def test_every_tool_is_found():
    by_name = releases()
    assert {name: release.tool for name, release in by_name.items()} == {
        "web": "helmfile",
        "own": "helmfile",
        "jobs": "kustomize",
        "traefik": "k3s",
    }
    assert all(not release.unresolved for release in by_name.values())


def test_a_literal_helmfile():
    by_name = releases()
    web = by_name["web"]
    assert (web.key, web.chart.url, web.chart.version, web.line) == (
        ("", "web", "web"),
        "https://charts.invalid",
        "1.2.0",
        5,
    )
    assert shown(web.layers) == ["helmfile/values.yaml", {"replicas": 2}]
    assert web.sets == (("set", "host=a\\,b"),)
    assert (by_name["own"].chart.kind, by_name["own"].chart.name) == ("path", "chart")


def test_a_helmfile_with_templates_is_not_guessed(tmp_path):
    (tmp_path / "helmfile.yaml").write_text("releases: [{name: {{ .x }}, chart: a/b}]\n", "utf-8")
    declarations = resolve(Tree.of(tmp_path))
    assert declarations.releases == ()
    assert "helmfile alone" in declarations.problems[0].message


def test_a_chart_that_kustomize_inflates():
    jobs = releases()["jobs"]
    assert (jobs.namespace, jobs.chart.name, jobs.include_crds) == ("tools", "queue", False)
    assert shown(jobs.layers) == [{"size": 2}]


def test_a_helm_chart_config_comes_last():
    traefik = releases()["traefik"]
    assert traefik.namespace == "traefik"
    assert shown(traefik.layers) == [{"logs": True}, {"logs": False}]
    assert traefik.sets == (("set", "replicas=2"),)


def test_each_environment_of_a_helmfile_has_its_own_releases():
    declarations = resolve(Tree.of(Path("fixtures/repositories/helmfile-environments")))
    assert declarations.problems == ()
    present = [release.key for release in declarations.releases if not release.is_absent]
    assert present == [
        ("staging", "web", "web"),
        ("production", "web", "web"),
        ("production", "cache", "cache"),
    ]
    web = declarations.releases[0]
    assert shown(web.layers) == ["values/common.yaml", {"replicas": 2}]
    assert web.settings["needs"] == ["cache/cache"]
    assert [release.key[0] for release in declarations.releases if release.is_absent] == [
        "staging",
        "production",
    ]


TEMPLATED = """\
environments:
  prod: {values: [{tag: "1.2", cron: true}]}
  test: {values: [{tag: "1.3", cron: false}]}
---
repositories: [{name: acme, url: https://charts.example}]
releases:
  - name: web
    namespace: web
    chart: acme/web
    version: {{ .Values.tag | quote }}
    installedTemplate: "{{`{{ .Values.cron }}`}}"
    values: ["values-{{ .Environment.Name }}.yaml", "{{`{{ .Release.Name }}`}}.yaml"]
  {{- if eq .Environment.Name "prod" }}
  - name: cron
    chart: acme/cron
  {{- end }}
  - name: batch
    chart: acme/batch
    values:
      {{- range .Values.files }}
      - {{ . }}
      {{- end }}
  - name: job
    chart: acme/job
    values:
      - size: {{ requiredEnv "SIZE" }}
      - /etc/secrets.yaml
"""


def test_what_is_literal_of_a_templated_helmfile_is_read(tmp_path):
    (tmp_path / "helmfile.yaml").write_text(TEMPLATED, "utf-8")
    for name in ("values-prod.yaml", "values-test.yaml", "web.yaml"):
        (tmp_path / name).write_text("a: 1\n", "utf-8")
    declarations = resolve(Tree.of(tmp_path))
    assert declarations.problems == ()
    releases = {(release.environment, release.name): release for release in declarations.releases}
    web = releases["prod", "web"]
    assert (web.chart.version, web.unresolved, web.is_absent) == ("1.2", (), False)
    assert [layer.path for layer in web.layers] == ["values-prod.yaml", "web.yaml"]
    assert web.line == 7
    assert releases["test", "web"].is_absent
    assert releases["test", "web"].chart.version == "1.3"
    unknown = {name: releases["prod", name].unresolved for name in ("cron", "batch", "job")}
    assert unknown["cron"] == ("templates decide a part of it: helmfile.yaml:14 and 1 more lines",)
    assert unknown["batch"][-2:] == (
        "templates decide a part of it: helmfile.yaml:21",
        "its values, which templates decide",
    )
    assert "its values, which templates decide" in unknown["job"]
    assert "the values of /etc/secrets.yaml are not in the repository" in unknown["job"]


def test_what_a_line_of_a_template_alone_prints_is_in_doubt(tmp_path):
    text = "releases:\n  - name: a\n    chart: b/c\n    {{ toYaml .more }}\n"
    (tmp_path / "helmfile.yaml").write_text(text, "utf-8")
    (release,) = resolve(Tree.of(tmp_path)).releases
    assert "templates decide a part of it: helmfile.yaml:4" in release.unresolved


def test_selectors_and_values_of_a_helmfile_hold_in_those_that_it_names(tmp_path):
    root = """\
helmfiles:
  - path: apps.yaml
    selectors: [tier=web, "name=cron,tier!=web"]
    values: [{cron: {enabled: true}}]
"""
    apps = """\
commonLabels: {team: a}
releases:
  - {name: web, chart: a/web, labels: {tier: web}}
  - {name: cron, chart: a/cron, labels: {tier: batch}, condition: cron.enabled}
  - {name: db, chart: a/db, labels: {tier: data}}
"""
    (tmp_path / "helmfile.yaml").write_text(root, "utf-8")
    (tmp_path / "apps.yaml").write_text(apps, "utf-8")
    assert [release.name for release in resolve(Tree.of(tmp_path)).releases] == ["web", "cron"]


def test_a_base_with_templates_is_not_guessed(tmp_path):
    (tmp_path / "helmfile.yaml").write_text("bases: [b.yaml]\nreleases: [{name: a}]\n", "utf-8")
    (tmp_path / "b.yaml").write_text("helmDefaults: {force: {{ .x }}}\n", "utf-8")
    (release,) = resolve(Tree.of(tmp_path)).releases
    assert release.unresolved == ("helmDefaults.force, which templates decide",)


def test_a_condition_that_a_template_decides_is_not_known(tmp_path):
    (tmp_path / "helmfile.yaml").write_text(
        "environments: {prod: {values: [prod.gotmpl]}}\n"
        "releases: [{name: a, chart: x/a, condition: a.enabled}]\n",
        "utf-8",
    )
    (release,) = resolve(Tree.of(tmp_path)).releases
    assert "its condition a.enabled" in release.unresolved[0]


def test_a_helmfile_that_another_names_is_read_once(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "helmfile.yaml").write_text("helmfiles: [sub/*.yaml]\n", "utf-8")
    (tmp_path / "sub/apps.yaml").write_text("releases: [{name: a, chart: x/a}]\n", "utf-8")
    assert [release.name for release in resolve(Tree.of(tmp_path)).releases] == ["a"]


def test_values_files_that_may_be_missing(tmp_path):
    (tmp_path / "helmfile.yaml").write_text(
        "releases:\n"
        "- {name: a, chart: x/a, values: [none.yaml], missingFileHandler: Warn}\n"
        "- {name: b, chart: x/b, values: [none.yaml]}\n",
        "utf-8",
    )
    a, b = resolve(Tree.of(tmp_path)).releases
    assert (a.unresolved, b.unresolved) == ((), ("the values file none.yaml is not there",))
