"""helmfile: what the commands that roll a helmfile out decide of its releases."""

import pytest

from policylint.scan.gitops.resolve import resolve
from policylint.scan.gitops.tree import Tree

HELMFILE = """\
environments:
  default: {}
  prod:
    values: [{tag: "1.0", size: 1}]
---
releases:
  - name: web
    labels: {tier: front}
    chart: ./web
    values: [{tag: '{{ .Values.tag | default "none" }}'}]
  - name: api
    chart: ./web
    values: [{size: '{{ .Values.size | default "none" }}'}]
"""


def releases(tmp_path, *commands, folder=""):
    """(environment, name) -> (its values, what is not known of it)."""
    home = tmp_path / folder
    (home / "web").mkdir(parents=True)
    (home / "helmfile.yaml.gotmpl").write_text(HELMFILE, "utf-8")
    (home / "web/Chart.yaml").write_text("{name: web, version: 1.0.0}\n", "utf-8")
    (tmp_path / "deploy.sh").write_text("#!/bin/sh\n" + "\n".join(commands) + "\n", "utf-8")
    return {
        (release.environment, release.name): (dict(release.layers[0].values), release.unresolved)
        for release in resolve(Tree.of(tmp_path)).releases
    }


def test_state_values_of_a_command_lie_over_those_of_its_environment(tmp_path):
    told = releases(tmp_path, "helmfile -e prod --state-values-set tag=1.2,size=3 apply")
    assert told["prod", "web"] == ({"tag": "1.2"}, ())
    assert told["prod", "api"] == ({"size": "3"}, ())
    assert told["", "web"] == ({"tag": "none"}, ())


@pytest.mark.parametrize(
    "command",
    [
        'helmfile -e prod --state-values-set "tag=$TAG" apply',
        "helmfile -e prod --state-values-set tag={a,b} sync",
        "helmfile -e prod --state-values-set tag=1 apply\nhelmfile -e prod apply",
    ],
)
def test_state_values_that_are_not_known_are_no_default(tmp_path, command):
    told = releases(tmp_path, command)
    assert told["prod", "web"][1] == ("its values, which templates decide",)
    assert told["", "web"] == ({"tag": "none"}, ())


@pytest.mark.parametrize(
    ("command", "taken"),
    [
        ("helmfile -e prod apply --set a=b", {("prod", "web"), ("prod", "api")}),
        ("helmfile -e prod -l tier=front apply --args --force", {("prod", "web")}),
        ("helmfile --selector name=api \\\n  apply --values more.yaml", {("", "api")}),
        ('helmfile -e "$ENV" -l "$WHICH" apply --set a=b', None),
        ("helmfile -f other apply --set a=b", set()),
        ("helmfile -f home apply --set a=b", {("", "web"), ("", "api")}),
        ("helmfile -e prod diff --set a=b", set()),
    ],
)
def test_what_a_command_hands_to_helm_is_told(tmp_path, command, taken):
    told = releases(tmp_path, command, folder="home")
    unknown = {key for key, (_, unresolved) in told.items() if "command" in str(unresolved)}
    assert unknown == (set(told) if taken is None else taken)
