"""Charts of declared sources: from where they are fetched, how often, and what is left out."""

import json
from pathlib import Path

import pytest

from policylint.helm.sources.chartindex import newest
from tests.pipeline.test_declared import DEPLOYMENT, checked, commit, copied, edit, git
from tests.servers import serving

CLUSTERS = Path("fixtures/repositories/flux-clusters").resolve()
CACHE = "infrastructure/cache.yaml"
RANGE = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: plain, namespace: flux-system}
spec: {url: URL}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: plain, namespace: plain}
spec:
  chart:
    spec:
      chart: cache
      version: "1.x"
      sourceRef: {kind: HelmRepository, name: plain, namespace: flux-system}
  values: {a: 1}
"""


@pytest.fixture(autouse=True)
def repository(tmp_path, monkeypatch):
    copied(CLUSTERS, tmp_path, monkeypatch)


@pytest.fixture
def server():
    with serving() as state:
        for version in ("1.2.0", "1.3.0"):
            state.add_chart("cache", version, {"templates/d.yaml": DEPLOYMENT})
        yield state


def fork(monkeypatch):
    monkeypatch.setenv("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main")
    monkeypatch.setenv("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", "mallory/shop")
    monkeypatch.setenv("CI_MERGE_REQUEST_PROJECT_PATH", "team/shop")
    git("branch", "-f", "base")
    git("update-ref", "refs/remotes/origin/main", "HEAD")


def told(report):
    return json.dumps([row["failures"] for row in report["releases"]])


def test_a_fork_has_no_source_of_its_own_fetched(capsys, monkeypatch, server):
    fork(monkeypatch)
    edit(CACHE, "registry.invalid", server.host)
    edit(CACHE, "tag: 1.2.0", "tag: 1.3.0")
    code, report = checked(capsys, "--allow-private-sources")
    assert (code, server.asked) == (2, [])
    assert "a source that this change brings" in told(report)


def test_a_source_of_the_base_is_fetched_for_a_fork(capsys, monkeypatch, server):
    edit(CACHE, "registry.invalid", server.host)
    commit()
    fork(monkeypatch)
    edit(CACHE, "tag: 1.2.0", "tag: 1.3.0")
    code, _ = checked(capsys, "--allow-private-sources")
    assert code == 0
    assert server.asked


def test_never_fetches_nothing(capsys, server):
    edit(CACHE, "registry.invalid", server.host)
    commit()
    edit(CACHE, "tag: 1.2.0", "tag: 1.3.0")
    code, report = checked(capsys, "--allow-private-sources", "--fetch", "never")
    assert (code, server.asked) == (2, [])
    assert "is not in the cache" in told(report)


def test_the_configuration_says_it_for_everyone(capsys, server):
    Path(".policylint.yaml").write_text("declared: {fetch: base}\n", "utf-8")
    commit()
    edit(CACHE, "registry.invalid", server.host)
    _, report = checked(capsys, "--allow-private-sources")
    assert "a source that this change brings" in told(report)
    assert server.asked == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1:9", "10.0.0.1", "169.254.169.254", "[::1]:9", "localhost"]
)
def test_private_addresses_are_asked_only_where_that_is_allowed(capsys, host):
    edit(CACHE, "registry.invalid", host)
    _, report = checked(capsys)
    assert "in a private network" in told(report)


def test_a_range_asks_for_the_index_by_its_tag(tmp_path, server):
    server.tags = True
    root = tmp_path / "cache"
    asked = (root, server.url, "cache", "1.x", lambda _: None)
    assert newest(*asked) == "1.3.0"
    server.files["/index.yaml"] += b"\n"
    assert newest(*asked) == "1.3.0"
    sizes = list(server.sent)
    assert newest(*asked) == "1.3.0"
    assert server.sent[len(sizes) :] == [0]


def test_a_range_is_judged_as_the_version_that_it_means(capsys, server):
    server.tags = True
    text = RANGE.replace("URL", server.url)
    Path("infrastructure/plain.yaml").write_text(text, "utf-8")
    commit()
    edit("infrastructure/plain.yaml", "a: 1", "a: 2")
    code, report = checked(capsys, "--allow-private-sources")
    assert (code, report["releases"][0]["name"]) == (0, "plain")
    pulled = [path for path in server.asked if path.endswith(".tgz")]
    assert pulled == ["/cache-1.3.0.tgz"]
    code, _ = checked(capsys, "--allow-private-sources")
    assert [path for path in server.asked if path.endswith(".tgz")] == pulled
    code, _ = checked(capsys, "--offline")
    assert code == 0


def test_a_release_that_goes_to_another_namespace_is_moved(capsys, server):
    edit("apps/base/web/kustomization.yaml", "namespace: web", "namespace: shop")
    _, report = checked(capsys)
    changes = {(row["namespace"], row["change"]) for row in report["releases"]}
    assert changes == {("web", "moved"), ("shop", "moved")}


def test_files_are_left_out_and_settings_hold_below_a_path(capsys):
    Path(".policylint.yaml").write_text(
        "declared:\n"
        "  exclude: [infrastructure]\n"
        '  at: [{cluster: production, kubernetes: "1.34"}, {path: apps, kubernetes: "1.35"}]\n',
        "utf-8",
    )
    commit()
    edit("apps/base/web/values.yaml", "web:1.0", "web:1.1")
    edit(CACHE, "tag: 1.2.0", "tag: 1.3.0")
    code, report = checked(capsys)
    rows = {row["source"]["cluster"]: row["kubernetes"] for row in report["releases"]}
    assert (code, rows) == (0, {"production": "1.34", "staging": "1.35"})
