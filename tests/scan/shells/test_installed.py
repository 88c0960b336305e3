"""Which Helm a file installs: what it says in one way or another, and nothing where it says
several."""

from __future__ import annotations

import pytest

from policylint.scan.shells.installed import installed

SETUP = """
    - name: helm
      uses: azure/setup-helm@v4.2.0
      with:
        version: "v3.14.0"  # pinned
    - uses: acme/chart-tool@v1
      with:
        version: 3.1.1
"""


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("export HELM_VERSION=3.12.0", "3.12.0"),
        ("HELM_VERSION: v3.9.1", "3.9.1"),
        ('HELM_VERSION="${HELM_VERSION:-3.8.0}"', "3.8.0"),
        ("HELM_VERSION ?= v3.6.3", "3.6.3"),
        ("ENV HELM_VERSION 3.5.0", "3.5.0"),
        ('"helm-version": "3.10.2"', "3.10.2"),
        ("helmVersionToInstall: '3.11.0'", "3.11.0"),
        ("curl https://raw.example/helm/scripts/get-helm-3 | bash", "3"),
        ("curl https://raw.example/get-helm-3 | DESIRED_VERSION=v3.12.0 bash", "3.12.0"),
        ("curl https://raw.example/get-helm-3 | bash -s -- --version v3.11.1", "3.11.1"),
        ("curl -LO https://get.helm.sh/helm-v3.7.2-linux-amd64.tar.gz", "3.7.2"),
        ("FROM alpine/helm:3.12", "3.12"),
        ("image: dtzar/helm-kubectl:3.9.4", "3.9.4"),
        ("image: acme/helm-operator:3.2.3", ""),
        (SETUP, "3.14.0"),
        (SETUP.replace("v3.14.0", "latest"), ""),
        ("HELM_VERSION=3.12.0\nHELM_VERSION=3.13.0", ""),
        ("kubectl apply -f .", ""),
    ],
)
def test_what_a_file_says(text: str, version: str) -> None:
    assert installed(text) == version
