"""The pod security standards: what each level allows, from which version on.

Checked against every Pod of k8s.io/pod-security-admission test/testdata, v1.19 to v1.37.
"""

from __future__ import annotations

from typing import Any

import pytest

from policylint.kubernetes.forecast.podsecurity import violations
from tests.kubernetes.forecast.objects import HELM3, HELM4, NO, OK, manifest, release

LABEL = "pod-security.kubernetes.io/enforce"
SAFE = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def said(
    level: str,
    version: str = "latest",
    *,
    container: dict[str, Any] | None = None,
    context: dict[str, Any] | None = None,
    annotations: dict[str, str] | None = None,
    **spec: Any,
) -> set[str]:
    """The reasons of a level against a pod that both levels admit but for what is given."""
    own = container or {}
    safe = {**SAFE, **own.get("securityContext", {})}
    body = {"name": "a", "image": "b", **own, "securityContext": safe}
    pod = {
        "metadata": {"annotations": annotations or {}},
        "spec": {"containers": [body], "securityContext": context or {}, **spec},
    }
    labels = {LABEL: level, f"{LABEL}-version": version}
    reasons = violations(pod, labels, "1.37")
    return {text.partition(": ")[2].partition(" (")[0] for text in reasons}


def test_what_both_levels_admit() -> None:
    assert said("restricted") == said("baseline") == said("privileged") == set()


@pytest.mark.parametrize(
    ("reason", "pod"),
    [
        (
            "forbidden AppArmor profile",
            {"container": {"securityContext": {"appArmorProfile": {"type": "Unconfined"}}}},
        ),
        (
            "forbidden AppArmor profile",
            {"annotations": {"container.apparmor.security.beta.kubernetes.io/a": "unconfined"}},
        ),
        ("seLinuxOptions", {"context": {"seLinuxOptions": {"type": "spc_t"}}}),
        ("seLinuxOptions", {"context": {"seLinuxOptions": {"user": "u"}}}),
        ("procMount", {"container": {"securityContext": {"procMount": "Unmasked"}}}),
        ("forbidden sysctls", {"context": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}}),
        ("hostProcess", {"context": {"windowsOptions": {"hostProcess": True}}}),
        (
            "probe or lifecycle host",
            {"container": {"livenessProbe": {"httpGet": {"port": 80, "host": "10.0.0.1"}}}},
        ),
        ("host namespaces", {"hostNetwork": True}),
    ],
)
def test_the_baseline_level_refuses(reason: str, pod: dict[str, Any]) -> None:
    assert said("baseline", **pod) == {reason}
    assert reason in said("restricted", **pod)
    assert said("privileged", **pod) == set()


@pytest.mark.parametrize(
    ("reason", "since", "until", "level", "pod"),
    [
        (
            "probe or lifecycle host",
            34,
            99,
            "baseline",
            {"container": {"lifecycle": {"preStop": {"tcpSocket": {"port": 80, "host": "h"}}}}},
        ),
        (
            "forbidden sysctls",
            0,
            36,
            "baseline",
            {"context": {"sysctls": [{"name": "net.ipv4.tcp_notsent_lowat", "value": "1"}]}},
        ),
        (
            "seLinuxOptions",
            0,
            30,
            "baseline",
            {"context": {"seLinuxOptions": {"type": "container_engine_t"}}},
        ),
        (
            "procMount",
            0,
            34,
            "baseline",
            {"container": {"securityContext": {"procMount": "Unmasked"}}, "hostUsers": False},
        ),
        ("runAsUser=0", 23, 34, "restricted", {"context": {"runAsUser": 0}, "hostUsers": False}),
        ("runAsNonRoot != true", 0, 99, "restricted", {"context": {"runAsNonRoot": False}}),
    ],
)
def test_a_check_holds_from_one_version_to_another(
    reason: str, since: int, until: int, level: str, pod: dict[str, Any]
) -> None:
    for version in (19, 22, 23, 30, 31, 34, 35, 36, 37):
        reasons = said(level, f"v1.{version}", **pod)
        assert (reason in reasons) is (since <= version <= until), version


@pytest.mark.parametrize("target", [HELM3, HELM4], ids=["client-side", "server-side"])
def test_a_pod_in_a_namespace_of_the_release_is_judged_by_the_version_of_its_label(
    target: Any,
) -> None:
    probe = {"httpGet": {"port": 80, "host": "10.0.0.1"}}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "team"},
        "spec": {"containers": [{"name": "a", "image": "b", "livenessProbe": probe}]},
    }
    for version, outcome in (("v1.33", OK), ("v1.34", NO), ("latest", NO)):
        labels = {LABEL: "baseline", f"{LABEL}-version": version}
        namespace = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": "team", "labels": labels},
        }
        changes = release(manifest(), manifest(namespace, pod), target).changes
        (made,) = [change for change in changes if change.id.kind == "Pod"]
        assert made.forecast.upgrade.outcome is outcome
