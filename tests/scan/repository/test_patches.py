"""Settings that a Kustomization patches into HelmReleases count as theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from policylint.scan.invocations.model import Invocation
from policylint.scan.repository.walk import scan

RELEASE = """apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: shop}
spec:
  chart: {spec: {chart: web, version: 1.0.0, sourceRef: {kind: HelmRepository, name: acme}}}
"""
INNER = """apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: _}
spec:
  upgrade: {remediation: {retries: 3}}
"""
HEAD = """apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./apps
  patches:
"""


def indented(text: str, by: int) -> str:
    return "".join(f"{' ' * by}{line}\n" for line in text.splitlines())


def patch(body: str, target: str, by: int = 4) -> str:
    blanks = " " * by
    return f"{blanks}- patch: |\n{indented(body, by + 4)}{blanks}  target: {target}\n"


def web(root: Path, kustomization: str, where: str = "apps/web/hr.yaml") -> Invocation:
    (root / "cluster").mkdir()
    (root / "cluster" / "apps.yaml").write_text(kustomization)
    (root / where).parent.mkdir(parents=True)
    (root / where).write_text(RELEASE)
    (release,) = scan([root], root).invocations
    return release


def test_a_patch_of_all_releases_sets_the_flag(tmp_path: Path) -> None:
    release = web(tmp_path, HEAD + patch(INNER, "{kind: HelmRelease}"))
    flag = release.flag("atomic")
    assert (flag.state, flag.origin.file if flag.origin else "") == ("set", "cluster/apps.yaml")
    places = release.places("atomic")
    assert [(place.role, place.file, place.line) for place in places] == [
        ("command", "apps/web/hr.yaml", 1),
        ("cause", "cluster/apps.yaml", 12),
    ]


def test_a_patch_of_kustomizations_that_patch_releases_counts(tmp_path: Path) -> None:
    inner = f"kind: Kustomization\nspec:\n  patches:\n{patch(INNER, '{kind: HelmRelease}')}"
    release = web(tmp_path, HEAD + patch(inner, "{kind: Kustomization}"))
    assert release.flag("atomic").state == "set"


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("{kind: HelmRelease, name: web.*}", INNER),
        ("{kind: HelmRelease, labelSelector: tier=one}", INNER),
        ("{kind: HelmRelease}", "- {op: add, path: /spec/upgrade, value: {force: true}}\n"),
    ],
)
def test_a_patch_that_may_miss_or_hides_what_it_sets_leaves_the_flag_unknown(
    tmp_path: Path, target: str, body: str
) -> None:
    assert web(tmp_path, HEAD + patch(body, target)).flag("atomic").state == "unknown"


def test_a_patch_of_another_directory_changes_nothing(tmp_path: Path) -> None:
    kustomization = HEAD + patch(INNER, "{kind: HelmRelease}")
    assert web(tmp_path, kustomization, "other/hr.yaml").flag("atomic").state == "unset"
