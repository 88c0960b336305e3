"""Releases that files declare are judged beside those that the configuration lists."""

from pathlib import Path

import pytest

from tests.pipeline.test_declared import checked, commit, copied, edit, git

REPOSITORY = Path("fixtures/repositories/argocd-app-of-apps").resolve()
LISTED = """\
releases:
  - {name: site, chart: ./site, namespace: site}
"""
MANY = """\
releases:
  - name: apps
    chart: ./apps
    namespace: argocd
    environments:
      production: {values: [apps/values-production.yaml]}
      staging: {values: [apps/values-staging.yaml]}
"""


@pytest.fixture(autouse=True)
def repository(tmp_path, monkeypatch):
    copied(REPOSITORY, tmp_path, monkeypatch)


def configured(text):
    Path(".policylint.yaml").write_text(text, "utf-8")


def with_site():
    git("mv", "charts/web", "site")
    Path("charts").mkdir(exist_ok=True)
    git("checkout", "HEAD", "--", "charts")


def judged(report):
    return {(row["namespace"], row["name"]) for row in report["releases"]}


def test_listing_one_release_hides_no_declared_one(capsys):
    with_site()
    configured(LISTED)
    commit()
    edit("apps/values-production.yaml", "web: {replicas: 2", "web: {replicas: 3")
    _, report = checked(capsys)
    assert judged(report) == {("site", "site"), ("argocd", "root"), ("web", "web")}


def test_a_change_that_touches_no_declared_release_takes_no_more(capsys):
    with_site()
    configured(LISTED)
    commit()
    edit("site/values.yaml", "replicas: 1", "replicas: 4")
    _, report = checked(capsys)
    assert judged(report) == {("site", "site")}


def test_a_listed_release_is_judged_once(capsys):
    configured("releases: [{name: web, chart: ./charts/web, namespace: web}]\n")
    commit()
    edit("charts/web/values.yaml", "replicas: 1", "replicas: 4")
    _, report = checked(capsys)
    rows = [(row["namespace"], row["name"]) for row in report["releases"]]
    assert rows.count(("web", "web")) == 1
    assert ("admin", "admin") in rows


def test_a_pull_request_takes_no_release_from_judgement_by_listing_it(capsys, monkeypatch):
    git("branch", "-M", "main")
    with_site()
    commit()
    git("switch", "-q", "-c", "topic")
    monkeypatch.setenv("GITHUB_BASE_REF", "main")
    configured("releases: [{name: web, chart: ./site, namespace: web}]\n")
    edit("apps/values-production.yaml", "web: {replicas: 2", "web: {replicas: 3")
    commit()
    _, report = checked(capsys)
    declared = [row["name"] for row in report["releases"] if row["source"]]
    assert "web" in declared


def test_a_listed_chart_declares_its_applications_in_each_environment(capsys):
    Path("bootstrap/root.yaml").unlink()
    text = Path("apps/values-production.yaml").read_text("utf-8")
    Path("apps/values-staging.yaml").write_text(text, "utf-8")
    configured(MANY)
    commit()
    edit("apps/values-staging.yaml", "web: {replicas: 2", "web: {replicas: 3")
    _, report = checked(capsys)
    (web,) = [row for row in report["releases"] if row["name"] == "web"]
    assert (web["namespace"], web["source"]["environment"]) == ("web", "staging")
    assert report["failures"] == []


def test_a_command_that_variables_decide_is_what_releases_are_listed_for(capsys):
    with_site()
    Path("deploy.sh").write_text('helm upgrade --install "$NAME" "$CHART"\n', "utf-8")
    configured(LISTED)
    commit()
    with Path("deploy.sh").open("a", encoding="utf-8") as file:
        file.write("helm upgrade --install shop ./shop\n")
    _, report = checked(capsys)
    assert report["failures"] == []
    assert judged(report) == {("site", "site")}


def test_a_command_that_is_known_and_listed_nowhere_is_judged(capsys):
    with_site()
    configured(LISTED)
    commit()
    Path("deploy.sh").write_text("helm upgrade --install shop charts/web -n shop\n", "utf-8")
    _, report = checked(capsys)
    assert judged(report) == {("site", "site"), ("shop", "shop")}


def test_a_configuration_speaks_for_its_directory(capsys, monkeypatch):
    Path("team [a]/site").mkdir(parents=True)
    git(
        "mv",
        "charts/web/Chart.yaml",
        "charts/web/templates",
        "charts/web/values.yaml",
        "team [a]/site",
    )
    git("checkout", "HEAD", "--", "charts")
    text = Path("bootstrap/root.yaml").read_text("utf-8")
    Path("team [a]/root.yaml").write_text(text.replace("name: root", "name: ours"), "utf-8")
    monkeypatch.chdir("team [a]")
    configured(LISTED)
    git("add", "-A", ":/")
    commit()
    for file in ("root.yaml", "../bootstrap/root.yaml"):
        edit(file, "prune: true", "prune: false")
    _, report = checked(capsys)
    assert judged(report) == {("site", "site"), ("argocd", "ours")}


def test_what_a_test_is_fed_with_is_no_release(capsys):
    with_site()
    configured(LISTED)
    text = Path("bootstrap/root.yaml").read_text("utf-8").replace("path: apps", "path: charts/web")
    text = text.replace("valueFiles: [values-production.yaml]", "values: 'replicas: 1'")
    for folder in ("testdata", "more"):
        Path(folder).mkdir()
        Path(folder, "app.yaml").write_text(text.replace("name: root", f"name: {folder}"), "utf-8")
    commit()
    for folder in ("testdata", "more"):
        edit(f"{folder}/app.yaml", "prune: true", "prune: false")
    _, report = checked(capsys)
    assert judged(report) == {("site", "site"), ("argocd", "more")}
