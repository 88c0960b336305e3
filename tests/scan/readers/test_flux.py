"""Flux: what an upgrade's remediation means, and which object a chartRef names."""

from __future__ import annotations

import textwrap

import pytest

from policylint.scan.invocations.model import Invocation
from policylint.scan.readers.kubernetes import READER
from policylint.scan.texts.source import Source

RELEASE = """
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: shop}
spec:
  chart: {spec: {chart: web, version: 1.0.0}}
"""


def read(text: str) -> Invocation:
    (manifest_read,) = READER.read(
        Source.of("release.yaml", textwrap.dedent(text).lstrip("\n").encode())
    )
    assert isinstance(manifest_read, Invocation)
    return manifest_read


@pytest.mark.parametrize(
    ("remediation", "state"),
    [
        ("{}", "unset"),
        ("{retries: 3}", "set"),
        ("{retries: -1}", "set"),
        ("{retries: 0}", "unset"),
        ("{remediateLastFailure: true}", "set"),
        ("{retries: 3, remediateLastFailure: false}", "unset"),
        ("{retries: 3, strategy: rollback}", "set"),
        ("{retries: 3, strategy: uninstall}", "unset"),
        ("{retries: '${retries}'}", "unknown"),
    ],
)
def test_remediation_is_atomic(remediation: str, state: str) -> None:
    assert (
        read(f"{RELEASE}  upgrade: {{remediation: {remediation}}}\n").flag("atomic").state == state
    )


def test_remediation_of_the_install_is_not_that_of_the_upgrade() -> None:
    assert (
        read(f"{RELEASE}  install: {{remediation: {{retries: 3}}}}\n").flag("atomic").state
        == "unset"
    )


def test_the_timeout_of_the_upgrade_counts_before_the_general_one() -> None:
    manifest_read = read(f"{RELEASE}  timeout: 5m\n  upgrade: {{timeout: 10m}}\n")
    assert manifest_read.flag("timeout").value == "10m"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("", "web"),
        ("  targetNamespace: live\n", "live-web"),
        ("  targetNamespace: live\n  releaseName: shop\n", "shop"),
        ("  releaseName: ${name}\n", None),
    ],
)
def test_release_names(names: str, expected: str | None) -> None:
    assert read(f"{RELEASE}{names}").release == expected


def chart_ref(*sources: str) -> Invocation:
    text = "\n---\n".join(
        (
            *sources,
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
            "metadata: {name: web, namespace: shop}\n"
            "spec: {chartRef: {kind: OCIRepository, name: web}}\n",
        )
    )
    return read(text)


def source(namespace: str, ref: str) -> str:
    return (
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\n"
        f"metadata: {{name: web, namespace: {namespace}}}\n"
        f"spec: {{url: 'oci://registry.acme.example/web', ref: {ref}}}"
    )


@pytest.mark.parametrize(
    ("ref", "version"),
    [
        ("{tag: 1.0.0}", "1.0.0"),
        ("{semver: 1.x, tag: 1.0.0}", "1.x"),
        ("{digest: 'sha256:0'}", "sha256:0"),
    ],
)
def test_the_version_of_an_oci_repository(ref: str, version: str) -> None:
    assert chart_ref(source("shop", ref)).version == version


def test_a_chart_ref_without_its_object_is_unknown() -> None:
    invocation = chart_ref()
    assert (invocation.chart, invocation.version, invocation.flag("version").state) == (
        None,
        None,
        "unknown",
    )


def test_of_two_of_a_name_the_one_in_its_own_namespace_is_meant() -> None:
    assert (
        chart_ref(source("other", "{tag: 9.9.9}"), source("shop", "{tag: 1.0.0}")).version
        == "1.0.0"
    )
