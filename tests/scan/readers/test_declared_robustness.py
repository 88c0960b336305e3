"""Damaged files: every reader of declarations ends with invocations and failures, never with an
exception."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policylint.errors import RuleFailure
from policylint.scan.declarations.declared import readings
from policylint.scan.invocations.model import Invocation
from policylint.scan.invocations.reader import Reading
from policylint.scan.repository.registry import reader, wanted
from policylint.scan.texts.source import Source
from policylint.scan.texts.yaml import Tree, documents

CORPUS = Path(__file__).parents[3] / "fixtures" / "pipelines" / "declarative"
FILES = sorted(path for path in CORPUS.rglob("*") if path.is_file() and path.name != "labels.yaml")
COMMON = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read(file: str, text: str) -> list[Reading]:
    source = Source.of(file, text.encode(), CORPUS)
    return [
        item
        for name, files in wanted().items()
        if files.rank == 0 and files.hold(source) and reader(name).wants(source)
        for item in reader(name).read(source)
    ]


@COMMON
@given(st.sampled_from(FILES), st.integers(0, 60), st.integers(0, 60))
def test_lines_lost(path: Path, first: int, count: int) -> None:
    lines = path.read_text().split("\n")
    kept = [*lines[:first], *lines[first + count :]]
    for item in read(str(path.relative_to(CORPUS)), "\n".join(kept)):
        assert isinstance(item, (Invocation, RuleFailure))
        if isinstance(item, Invocation):
            assert 1 <= item.line <= len(kept)


@COMMON
@given(st.sampled_from(FILES), st.integers(0, 1500), st.text("{}[]:-*&'\"|>#\t %$!", max_size=4))
def test_characters_put_in(path: Path, at: int, what: str) -> None:
    text = path.read_text()
    for item in read(str(path.relative_to(CORPUS)), text[:at] + what + text[at:]):
        assert isinstance(item, (Invocation, RuleFailure))


@pytest.mark.parametrize(
    "text",
    [
        "releases: &a [*a]\nbases: []\n",
        "a: &a {<<: *a}\nreleases: [*a]\nbases: []\n",
        "releases: " + "[" * 5000 + "]" * 5000 + "\nbases: []\n",
        "a: &a [x, x, x, x, x, x, x, x]\n"
        + "".join(
            f"{c}: &{c} [*{p}, *{p}, *{p}, *{p}, *{p}, *{p}, *{p}, *{p}]\n"
            for p, c in zip("abcdef", "bcdefg", strict=True)
        )
        + "releases: *g\n",
    ],
)
def test_yaml_without_end_is_a_failure(text: str) -> None:
    result = [
        document for document in documents(text, "helmfile.yaml") if not isinstance(document, Tree)
    ]
    assert result or all(
        isinstance(document, RuleFailure) for document in read("helmfile.yaml", text)
    )


def test_a_document_that_cannot_be_read_is_said() -> None:
    text = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n" + "bad: [\n  x: {\n" * 6
    (failure,) = read("release.yaml", text)
    assert isinstance(failure, RuleFailure)
    assert "release.yaml:" in failure.message
    assert failure.remedy


def test_one_bad_line_leaves_the_rest_of_a_release_known() -> None:
    text = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
        "metadata: {name: web, namespace: shop}\n"
        "spec:\n  chart: {spec: {chart: web, version: 1.0.0}}\n  values: {a: b: c}\n"
    )
    (manifest_read,) = read("release.yaml", text)
    assert isinstance(manifest_read, Invocation)
    assert (manifest_read.release, manifest_read.version) == ("web", "1.0.0")
    assert manifest_read.flag("atomic").state == "unknown"


def test_too_deep_recursion_is_a_failure() -> None:
    def deep() -> list[Reading]:
        raise RecursionError

    def endless() -> object:
        yield from deep()

    (failure,) = readings(endless(), Source.of("a.yaml", b""))  # type: ignore[arg-type]
    assert isinstance(failure, RuleFailure)


def test_line_ends_of_windows_change_nothing() -> None:
    text = (CORPUS / "argocd" / "chart.yaml").read_text()
    (unix,) = read("chart.yaml", text)
    (windows,) = read("chart.yaml", text.replace("\n", "\r\n"))
    assert isinstance(unix, Invocation)
    assert isinstance(windows, Invocation)
    assert windows.to_json() == unix.to_json()


@pytest.mark.parametrize(
    "text",
    ["new helm.v3.Release(}", "new helm.v3.Release('a', {)", "new helm.v3.Chart('a', [{ x: (] })"],
)
def test_brackets_that_do_not_match_end_the_reading(text: str) -> None:
    manifest_read = read("index.ts", f"import '@pulumi/kubernetes';\n{text}")
    assert all(
        item.flag("atomic").state == "unknown"
        for item in manifest_read
        if isinstance(item, Invocation)
    )


def test_names_that_stand_for_names_are_read_once() -> None:
    chain = "".join(f"  a{n} = merge({', '.join([f'local.a{n + 1}'] * 9)})\n" for n in range(11))
    text = (
        f'locals {{\n{chain}  a11 = {{}}\n}}\nresource "helm_release" "a" {{\n  name = local.a0\n'
        "}\n"
    )
    (manifest_read,) = read("main.tf", text)
    assert isinstance(manifest_read, Invocation)


def test_texts_that_grow_are_given_up() -> None:
    chain = "".join(f'  a{n} = "${{local.a{n + 1}}}${{local.a{n + 1}}}"\n' for n in range(10))
    text = (
        f'locals {{\n{chain}  a10 = "{"x" * 100}"\n}}\nresource "helm_release" "a" {{\n'
        "  name = local.a0\n}\n"
    )
    (manifest_read,) = read("main.tf", text)
    assert isinstance(manifest_read, Invocation)
    assert manifest_read.release is None
