"""Pod specs and pod templates as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.kubernetes.api.fielderrors import (
    duplicate,
    each_invalid,
    forbidden,
    go_struct,
    invalid,
    not_found,
    required,
    too_long,
    unsupported,
)
from policylint.kubernetes.api.reading import fields, has, many, objects, text, texts
from policylint.kubernetes.validity.addresses import address
from policylint.kubernetes.validity.annotations import matching_app_armor, pod_annotations
from policylint.kubernetes.validity.containers import (
    all_containers,
    initial,
    missing_claims,
    regular,
    volume_uses,
)
from policylint.kubernetes.validity.formats import (
    dns_label,
    dns_subdomain,
    dns_subdomain_underscore,
    qualified_name,
)
from policylint.kubernetes.validity.metadata import annotation_map, labels
from policylint.kubernetes.validity.resources import overhead, pod_resources, requests_of_pod
from policylint.kubernetes.validity.scheduling import merged_keys, spread
from policylint.kubernetes.validity.scope import Scope
from policylint.kubernetes.validity.security import host_sharing, host_sysctls, proc_mounts
from policylint.kubernetes.validity.volumes import generated_claims, volumes
from policylint.kubernetes.validity.windows import operating_system
from policylint.model import Cause, Object

_HOSTNAME_OVERRIDES = 35
"""The first minor that keeps `hostnameOverride` (feature HostnameOverride)."""

_LONGEST_HOSTNAME = 64

_POD_RESOURCES = 34
"""The first minor that keeps resources of a pod as a whole (feature PodLevelResources)."""

_LONGEST_SEARCHES = 2048

_RELAXED_SEARCHES = 33
"""The first minor whose DNS searches may have underscores (feature RelaxedDNSSearchValidation)."""


def pod_spec(spec: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a pod spec that no single field or container shows."""
    known, errors = volumes(spec, at, _claim_templates(scope))
    yield from errors
    claims = [text(claim, "name") for _, claim in objects(spec, "resourceClaims", at)]
    for path, value in all_containers(spec, at):
        yield from volume_uses(value, path, known)
        yield from missing_claims(value, path, claims)
        yield from _file_references(value, path, known)
    yield from regular(spec, at, scope)
    yield from initial(spec, at, scope)
    yield from _resource_claims(spec, at)
    yield from labels(spec, "nodeSelector", f"{at}.nodeSelector")
    yield from host_sharing(spec, at)
    yield from host_sysctls(spec, at)
    yield from proc_mounts(spec, at)
    yield from operating_system(spec, at)
    yield from overhead(spec, f"{at}.overhead")
    yield from spread(spec, at, scope)
    yield from _dns(spec, at, scope)
    yield from _gates(spec, at)
    if has(spec, "resources") and scope.minor >= _POD_RESOURCES:
        yield from pod_resources(spec, at)
    yield from _host_names(spec, at, scope)


def _host_names(spec: Object, at: str, scope: Scope) -> Iterator[Cause]:
    for path, alias in objects(spec, "hostAliases", at):
        yield from address(f"{path}.ip", text(alias, "ip"), scope)
        for place, name in texts(alias, "hostnames", path):
            yield from each_invalid(place, name, dns_subdomain(name))
    if has(spec, "hostnameOverride") and scope.minor >= _HOSTNAME_OVERRIDES:
        name = text(spec, "hostnameOverride")
        if spec.get("setHostnameAsFQDN") is True:
            detail = "may not be specified when setHostnameAsFQDN is true"
            yield forbidden(f"{at}.hostnameOverride", detail)
        if len(name.encode()) > _LONGEST_HOSTNAME:
            yield too_long(f"{at}.hostnameOverride", _LONGEST_HOSTNAME)
        yield from each_invalid(f"{at}.hostnameOverride", name, dns_subdomain(name))
    if scope.kind != "StatefulSet":  # whose own names take the place of these
        for name in ("hostname", "subdomain"):
            label = text(spec, name)
            yield from each_invalid(f"{at}.{name}", label, dns_label(label) if label else ())


def pod_template(template: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a pod template's metadata, and what only pods may have."""
    yield from template_metadata(template, at)
    meta, spec = fields(template, "metadata"), fields(template, "spec")
    yield from pod_annotations(meta, spec, f"{at}.metadata")
    if many(spec, "ephemeralContainers"):
        yield forbidden(
            f"{at}.spec.ephemeralContainers", "ephemeral containers not allowed in pod template"
        )


def template_metadata(template: Object, at: str) -> Iterator[Cause]:
    """The errors of a pod template's labels and annotations."""
    meta = fields(template, "metadata")
    yield from labels(meta, "labels", f"{at}.metadata.labels")
    yield from annotation_map(meta, f"{at}.metadata.annotations")


def pod(obj: Object, _at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a Pod that its spec alone does not show."""
    meta, spec = fields(obj, "metadata"), fields(obj, "spec")
    yield from pod_annotations(meta, spec, "metadata")
    yield from matching_app_armor(meta, spec)
    yield from merged_keys(meta, spec, scope)
    yield from generated_claims(meta, spec)
    if scope.minor >= _POD_RESOURCES:
        yield from requests_of_pod(spec)
    if many(spec, "ephemeralContainers"):
        yield forbidden("spec.ephemeralContainers", "cannot be set on create")
    if text(spec, "nodeName") and many(spec, "schedulingGates"):
        yield forbidden(
            "spec.nodeName", "cannot be set until all schedulingGates have been cleared"
        )


def _claim_templates(scope: Scope) -> frozenset[str]:
    if scope.kind != "StatefulSet":
        return frozenset()
    templates = objects(fields(scope.root, "spec"), "volumeClaimTemplates", "spec")
    return frozenset(text(fields(item, "metadata"), "name") for _, item in templates)


def _file_references(value: Object, at: str, known: dict[str, Object]) -> Iterator[Cause]:
    for path, variable in objects(value, "env", at):
        reference = fields(fields(variable, "valueFrom"), "fileKeyRef")
        if not reference:
            continue
        name = text(reference, "volumeName")
        if name not in known:
            yield not_found(f"{path}.valueFrom.fileKeyRef.volumeName", name)
        elif not has(known[name], "emptyDir") and set(known[name]) - {"name"}:
            detail = "referenced volume must be of type emptyDir"
            yield invalid(f"{path}.valueFrom.fileKeyRef.volumeName", name, detail)


def _resource_claims(spec: Object, at: str) -> Iterator[Cause]:
    seen: set[str] = set()
    for path, claim in objects(spec, "resourceClaims", at):
        name = text(claim, "name")
        if not name:
            yield required(f"{path}.name")
        elif name in seen:
            yield duplicate(f"{path}.name", name)
        else:
            yield from each_invalid(f"{path}.name", name, dns_label(name))
        seen.add(name)
        sources = [
            source
            for source in ("resourceClaimName", "resourceClaimTemplateName")
            if has(claim, source)
        ]
        shown = go_struct(claim, ("name", "resourceClaimName", "resourceClaimTemplateName"))
        if len(sources) > 1:
            detail = (
                "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            )
            yield invalid(path, shown, detail)
        if not sources:
            detail = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
            yield invalid(path, shown, detail)
        for source in sources:
            yield from each_invalid(
                f"{path}.{source}", text(claim, source), dns_subdomain(text(claim, source))
            )


def _dns(spec: Object, at: str, scope: Scope) -> Iterator[Cause]:
    config = fields(spec, "dnsConfig")
    servers = many(config, "nameservers")
    if text(spec, "dnsPolicy") == "None":
        if not has(spec, "dnsConfig"):
            yield required(f"{at}.dnsConfig", "must provide `dnsConfig` when `dnsPolicy` is None")
            return
        if not servers:
            detail = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            yield required(f"{at}.dnsConfig.nameservers", detail)
            return
    if len(servers) > 3:
        yield invalid(
            f"{at}.dnsConfig.nameservers", servers, "must not have more than 3 nameservers"
        )
    for path, server in texts(config, "nameservers", f"{at}.dnsConfig"):
        yield from address(path, server, scope)
    yield from _searches(config, at, scope)
    for path, option in objects(config, "options", f"{at}.dnsConfig"):
        if not text(option, "name"):
            yield required(path, "must not be empty")


def _searches(config: Object, at: str, scope: Scope) -> Iterator[Cause]:
    searches = many(config, "searches")
    if len(searches) > 32:
        yield invalid(
            f"{at}.dnsConfig.searches", searches, "must not have more than 32 search paths"
        )
    if len(" ".join(map(str, searches)).encode()) > _LONGEST_SEARCHES:
        detail = (
            f"must not have more than {_LONGEST_SEARCHES} characters (including spaces) in the "
            "search list"
        )
        yield invalid(f"{at}.dnsConfig.searches", searches, detail)
    for path, search in texts(config, "searches", f"{at}.dnsConfig"):
        relaxed = scope.minor >= _RELAXED_SEARCHES
        if not (relaxed and search == "."):
            domain = search.removesuffix(".")
            complaints = (dns_subdomain_underscore if relaxed else dns_subdomain)(domain)
            yield from each_invalid(path, domain, complaints)


def _gates(spec: Object, at: str) -> Iterator[Cause]:
    for path, gate in objects(spec, "readinessGates", at):
        name = text(gate, "conditionType")
        yield from each_invalid(f"{path}.conditionType", name, qualified_name(name))
    seen: set[str] = set()
    for path, gate in objects(spec, "schedulingGates", at):
        name = text(gate, "name")
        yield from each_invalid(path, name, qualified_name(name))
        if name in seen:
            yield duplicate(path, name)
        seen.add(name)


def always_restarts(template: Object, at: str, kind: str) -> Iterator[Cause]:
    """The errors of a template whose pods are to run for ever."""
    spec = fields(template, "spec")
    policy = text(spec, "restartPolicy")
    if policy not in ("", "Always"):
        yield unsupported(f"{at}.spec.restartPolicy", policy, ("Always",))
    if has(spec, "activeDeadlineSeconds"):
        yield forbidden(
            f"{at}.spec.activeDeadlineSeconds", f"activeDeadlineSeconds in {kind} is not Supported"
        )
