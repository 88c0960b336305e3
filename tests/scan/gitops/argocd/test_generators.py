"""Argo CD: the parameter sets of generators, as applicationset/generators of argo-cd makes them."""

import pytest

from policylint.scan.gitops.argocd.application import Context
from policylint.scan.gitops.argocd.generators import GeneratorError, parameter_sets
from policylint.scan.gitops.tree import Tree


def made(tmp_path, generator, *, go_template=True, files=()):
    for name in files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("name: x\n", "utf-8")
    return parameter_sets(Context(Tree.of(tmp_path)), generator, go_template)


def elements(*rows):
    return {"list": {"elements": list(rows)}}


def matrix(*generators):
    return {"matrix": {"generators": list(generators)}}


def folders(glob, **more):
    return {"git": {"repoURL": "here", "directories": [{"path": glob}], **more}}


def test_in_a_matrix_the_first_generator_lies_over_the_second(tmp_path):
    both = matrix(
        elements({"name": "a", "deep": {"x": 1}}), elements({"name": "b", "deep": {"x": 2, "y": 3}})
    )
    assert made(tmp_path, both) == [{"name": "a", "deep": {"x": 1, "y": 3}}]


def test_old_templates_take_no_two_texts_for_one_name(tmp_path):
    both = matrix(elements({"name": "a"}), elements({"name": "b"}))
    with pytest.raises(GeneratorError, match="both generators of a matrix give name"):
        made(tmp_path, both, go_template=False)


def test_old_templates_take_texts_only(tmp_path):
    with pytest.raises(GeneratorError, match="port of an element is no text"):
        made(tmp_path, elements({"port": 1}), go_template=False)


def test_elements_as_yaml_come_from_the_first_generator(tmp_path):
    both = matrix(
        elements({"apps": [{"app": "a"}, {"app": "b"}]}),
        {"list": {"elements": [], "elementsYaml": "{{ .apps | toJson }}"}},
    )
    assert [row["app"] for row in made(tmp_path, both)] == ["a", "b"]


def test_values_wait_for_the_parameters_of_their_own_generator(tmp_path):
    both = matrix(
        elements({"stage": "prod"}),
        folders("apps/*", values={"name": "{{ .path.basename }}", "stage": "{{ .stage }}"}),
    )
    (row,) = made(tmp_path, both, files=["apps/web/x.yaml"])
    assert row["values"] == {"name": "web", "stage": "prod"}


def test_a_matrix_in_a_matrix(tmp_path):
    inner = matrix(elements({"a": "1"}, {"a": "2"}), elements({"b": "{{ .a }}{{ .c }}"}))
    rows = made(tmp_path, matrix(elements({"c": "x"}), inner))
    assert [row["b"] for row in rows] == ["<no value>x", "<no value>x"]


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("apps/*", ["apps/api", "apps/web"]),
        ("apps/**", ["apps/api", "apps/web"]),
        ("*/*/*", ["apps/web/deep"]),
        ("apps/.hidden/*", []),
    ],
)
def test_globs_of_directories_stay_within_a_step(tmp_path, glob, expected):
    files = ["apps/web/deep/x.yaml", "apps/api/x.yaml", "apps/.hidden/in/x.yaml"]
    rows = made(tmp_path, folders(glob), files=files)
    assert [row["path"]["path"] for row in rows] == expected


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("config/*/app.yaml", ["config/a", "config/b/c"]),
        ("config/**/app.yaml", ["config/a", "config/b/c"]),
        ("config/b", ["config/b/c"]),
    ],
)
def test_globs_of_files_go_beyond_a_step(tmp_path, glob, expected):
    files = ["config/a/app.yaml", "config/b/c/app.yaml", "config/app.yaml"]
    generator = {"git": {"repoURL": "here", "files": [{"path": glob}]}}
    rows = made(tmp_path, generator, files=files)
    assert [row["path"]["path"] for row in rows] == expected


def test_merge_keys_are_no_paths_and_tell_sets_apart(tmp_path):
    base = elements({"a": {"b": "1"}}, {"a": {"b": "2"}})
    merge = {"merge": {"mergeKeys": ["a.b"], "generators": [base, elements({})]}}
    with pytest.raises(GeneratorError, match=r"two parameter sets of a merge have the same a\.b"):
        made(tmp_path, merge)


@pytest.mark.parametrize(
    "kind", ["scmProvider", "pullRequest", "plugin", "clusterDecisionResource"]
)
def test_what_only_others_know_is_called_by_its_name(tmp_path, kind):
    with pytest.raises(GeneratorError, match=f"the generator {kind} asks"):
        made(tmp_path, {kind: {}, "selector": {}})
    with pytest.raises(GeneratorError, match=f"the generator {kind} asks"):
        made(tmp_path, matrix(elements({"a": "1"}), {kind: {}}))
