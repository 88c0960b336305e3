"""Commands and tasks that upgrade a release: which count, and what of them is not known."""

import pytest

from policylint.scan.gitops.resolve import resolve
from policylint.scan.gitops.tree import Tree

ADD = "helm repo add charts https://r.invalid\n"


def declared_in(tmp_path, text, name="deploy.sh"):
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return resolve(Tree.of(tmp_path))


def test_a_command_is_a_release_with_its_values_and_flags(tmp_path):
    (tmp_path / "v.yaml").write_text("a: 1\n", "utf-8")
    text = f"{ADD}helm upgrade web charts/web --version 1.2.0 -n shop -f v.yaml --set a=b --force\n"
    (web,) = declared_in(tmp_path, text).releases
    assert (web.tool, web.namespace, web.name, web.line) == ("command", "shop", "web", 2)
    assert (web.chart.url, web.chart.version) == ("https://r.invalid", "1.2.0")
    assert ([layer.path for layer in web.layers], web.sets) == (["v.yaml"], (("set", "a=b"),))
    assert (web.settings["upgrade.force"], web.unresolved) == (True, ())
    assert web.invocations[0].release == "web"


@pytest.mark.parametrize(
    ("words", "unknown"),
    [
        ("charts/web --version 1.2.0 -n $NS", "its namespace"),
        ("charts/web --version $V", "its version"),
        ("charts/web --version 1.2.0 -f $F", "the values file"),
        ("charts/web --version 1.2.0 $ARGS", "arguments"),
        ("elsewhere/web --version 1.2.0", "where the chart"),
        ("charts/web --version 1.2.0 --post-renderer ./x", "post-renderer"),
    ],
)
def test_what_variables_decide_is_not_known(tmp_path, words, unknown):
    (web,) = declared_in(tmp_path, f"{ADD}helm upgrade --install web {words}\n").releases
    assert any(unknown in why for why in web.unresolved)


def test_a_release_that_a_variable_names_is_a_problem(tmp_path):
    (problem,) = declared_in(tmp_path, f'{ADD}helm upgrade "$1" charts/web\n').problems
    assert (problem.file, problem.line) == ("deploy.sh", 2)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("helm upgrade web charts/web --dry-run\n", "deploy.sh"),
        ("```sh\nhelm upgrade web charts/web\n```\n", "README.md"),
        ("helm list\n", "deploy.sh"),
    ],
)
def test_what_deploys_nothing_declares_nothing(tmp_path, text, name):
    assert declared_in(tmp_path, text, name).releases == ()
