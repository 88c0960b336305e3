"""Webhooks, bindings of admission policies, the rules of both, and aggregated APIs
(pkg/apis/admissionregistration/validation)."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.cel.types import BOOL
from policylint.kubernetes.api.fielderrors import (
    duplicate,
    each_invalid,
    forbidden,
    invalid,
    required,
    too_many,
    unsupported,
)
from policylint.kubernetes.api.reading import fields, has, many, number, objects, text, texts
from policylint.kubernetes.validity.clients import webhook_service, webhook_url
from policylint.kubernetes.validity.expressions import admission_variables, cel_errors
from policylint.kubernetes.validity.formats import (
    dns_1035_label,
    dns_subdomain,
    qualified_name,
)
from policylint.kubernetes.validity.names import path_segment
from policylint.kubernetes.validity.references import full_name_errors
from policylint.kubernetes.validity.scope import Scope
from policylint.model import Cause, Object

_REVIEWS = ("v1", "v1beta1")
_SIDE_EFFECTS = ("None", "NoneOnDryRun")
_OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_MUTATED = ("*", "CONNECT", "CREATE", "UPDATE")


def webhooks(obj: Object, _at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a webhook configuration: no name twice."""
    seen: set[str] = set()
    for path, hook in objects(obj, "webhooks", ""):
        name = text(hook, "name")
        if name and name in seen:
            yield duplicate(f"{path}.name", name)
        seen.add(name)


def webhook(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of one webhook."""
    yield from full_name_errors(text(value, "name"), f"{at}.name")
    yield from _review_versions(value, f"{at}.admissionReviewVersions")
    if not has(value, "sideEffects"):
        yield required(f"{at}.sideEffects", f"must specify one of {', '.join(_SIDE_EFFECTS)}")
    elif text(value, "sideEffects") not in _SIDE_EFFECTS:
        yield unsupported(f"{at}.sideEffects", value["sideEffects"], _SIDE_EFFECTS)
    seconds = number(value, "timeoutSeconds")
    if seconds is not None and not 1 <= seconds <= 30:
        yield invalid(
            f"{at}.timeoutSeconds", seconds, "the timeout value must be between 1 and 30 seconds"
        )
    yield from _client(fields(value, "clientConfig"), f"{at}.clientConfig")
    yield from match_conditions(value, at, scope)


def _review_versions(value: Object, at: str) -> Iterator[Cause]:
    versions = many(value, "admissionReviewVersions")
    if not versions:
        yield required(at, f"must specify one of {', '.join(_REVIEWS)}")
        return
    for index, version in enumerate(versions):
        if version in versions[:index]:
            yield invalid(f"{at}[{index}]", version, "duplicate version")
        elif isinstance(version, str):
            yield from each_invalid(f"{at}[{index}]", version, dns_1035_label(version))
    if not set(_REVIEWS) & {version for version in versions if isinstance(version, str)}:
        yield invalid(at, versions, f"must include at least one of {', '.join(_REVIEWS)}")


def _client(config: Object, at: str) -> Iterator[Cause]:
    if has(config, "url") == has(config, "service"):
        yield required(at, "exactly one of url or service is required")
    elif has(config, "url"):
        yield from webhook_url(text(config, "url"), f"{at}.url")
    else:
        yield from webhook_service(fields(config, "service"), f"{at}.service")


def match_conditions(
    value: Object, at: str, scope: Scope, *, params: bool = False
) -> Iterator[Cause]:
    """The errors of match conditions; `params` where they may use parameters."""
    conditions = many(value, "matchConditions")
    if len(conditions) > 64:
        yield too_many(f"{at}.matchConditions", len(conditions), 64)
    seen: set[str] = set()
    for path, condition in objects(value, "matchConditions", at):
        name = text(condition, "name")
        expression, where = text(condition, "expression").strip(), f"{path}.expression"
        if expression:
            known = admission_variables(params=params)
            yield from cel_errors(expression, where, known, (BOOL,), scope.minor)
        else:
            yield required(where)
        yield from (
            each_invalid(f"{path}.name", name, qualified_name(name))
            if name
            else [required(f"{path}.name")]
        )
        if name and name in seen:
            yield duplicate(f"{path}.name", name)
        seen.add(name)


def _groups_or_versions(value: Object, at: str, name: str, words: str) -> Iterator[Cause]:
    names = many(value, name)
    if not names:
        yield required(f"{at}.{name}")
    if "*" in names and len(names) > 1:
        yield invalid(f"{at}.{name}", names, f"if '*' is present, must not specify other {words}")


def named_rule(value: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of a rule of a policy, which may name objects."""
    names = many(value, "resourceNames")
    for path, name in texts(value, "resourceNames", at):
        yield from each_invalid(path, name, path_segment(name))
    for index, name in enumerate(names):
        if name in names[:index]:
            yield duplicate(f"{at}.resourceNames[{index}]", name)
    yield from rule(value, at, scope)


def rule(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a rule that says which requests a webhook or policy sees."""
    operations = many(value, "operations")
    if not operations:
        yield required(f"{at}.operations")
    if "*" in operations and len(operations) > 1:
        yield invalid(
            f"{at}.operations", operations, "if '*' is present, must not specify other operations"
        )
    for path, operation in texts(value, "operations", at):
        if operation not in _OPERATIONS:
            yield unsupported(path, operation, _OPERATIONS)
    yield from _groups_or_versions(value, at, "apiGroups", "API groups")
    yield from _groups_or_versions(value, at, "apiVersions", "API versions")
    for name in ("apiVersions", "resources"):
        yield from (required(path) for path, entry in texts(value, name, at) if not entry)
    yield from _resources(value, at)


def _resources(value: Object, at: str) -> Iterator[Cause]:
    resources = many(value, "resources")
    if not resources:
        yield required(f"{at}.resources")
    if "*/*" in resources and len(resources) > 1:
        yield invalid(
            f"{at}.resources", resources, "if '*/*' is present, must not specify other resources"
        )
    yield from _covered_resources(value, at)
    plain = [
        resource for resource in resources if isinstance(resource, str) and "/" not in resource
    ]
    if "*" in resources and plain and plain[-1] != "*":
        detail = "if '*' is present, must not specify other resources without subresources"
        yield invalid(f"{at}.resources", resources, detail)


def _covered_resources(value: Object, at: str) -> Iterator[Cause]:
    """The errors of subresources that a wildcard before them covers."""
    of_resource: set[str] = set()
    of_any: set[str] = set()
    for path, written in texts(value, "resources", at):
        resource, slash, subresource = written.partition("/")
        if not slash:
            continue
        detail = "if '{}' is present, must not specify " + written
        if resource in of_resource:
            yield invalid(path, written, detail.format(f"{resource}/*"))
        if subresource in of_any:
            yield invalid(path, written, detail.format(f"*/{subresource}"))
        if subresource == "*":
            of_resource.add(resource)
        if resource == "*":
            of_any.add(subresource)


def mutating_binding(spec: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a MutatingAdmissionPolicyBinding's spec."""
    yield from _policy_name(spec, at)
    yield from mutated_operations(fields(spec, "matchResources"), f"{at}.matchResources")


def mutated_operations(matched: Object, at: str) -> Iterator[Cause]:
    """What is deleted cannot be mutated."""
    for path, rule_ in objects(matched, "resourceRules", at):
        for _, operation in texts(rule_, "operations", path):
            if operation not in _MUTATED:
                yield unsupported(f"{path}.operations", operation, _MUTATED)


def _policy_name(spec: Object, at: str) -> Iterator[Cause]:
    name = text(spec, "policyName")
    where = f"{at}.policyName"
    yield from each_invalid(where, name, dns_subdomain(name)) if name else [required(where)]


def binding(spec: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a ValidatingAdmissionPolicyBinding's spec."""
    yield from _policy_name(spec, at)
    actions = many(spec, "validationActions")
    if not actions:
        yield required(f"{at}.validationActions", "at least one validation action is required")
    for index, action in enumerate(actions):
        if action not in ("Audit", "Deny", "Warn"):
            yield unsupported(f"{at}.validationActions[{index}]", action, ("Audit", "Deny", "Warn"))
        if action in actions[:index]:
            yield duplicate(f"{at}.validationActions[{index}]", action)
    if "Deny" in actions and "Warn" in actions:
        detail = (
            "must not contain both Deny and Warn (repeating the same validation failure "
            "information "
            "in the API response and headers serves no purpose)"
        )
        yield invalid(f"{at}.validationActions", actions, detail)


def param_ref(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a binding's reference to its parameters."""
    name = text(value, "name")
    yield from each_invalid(f"{at}.name", name, path_segment(name))
    if name and has(value, "selector"):
        for part in ("name", "selector"):
            yield forbidden(f"{at}.{part}", "name and selector are mutually exclusive")
    if not name and not has(value, "selector"):
        yield required(at, "one of name or selector must be specified")
    if not text(value, "parameterNotFoundAction"):
        yield required(f"{at}.parameterNotFoundAction")


def api_service(spec: Object, at: str, scope: Scope) -> Iterator[Cause]:
    """The errors of an APIService."""
    group, version = text(spec, "group"), text(spec, "version")
    name, wanted = text(fields(scope.root, "metadata"), "name"), f"{version}.{group}"
    if name and name != wanted:
        yield invalid("metadata.name", name, f'must be `spec.version+"."+spec.group`: "{wanted}"')
    if not group and version != "v1":
        yield required(
            f"{at}.group", "only v1 may have an empty group and it better be legacy kube"
        )
    if group:
        yield from each_invalid(f"{at}.group", group, dns_subdomain(group))
    yield from each_invalid(f"{at}.version", version, dns_1035_label(version))
    for field, most in (("groupPriorityMinimum", 20000), ("versionPriority", 1000)):
        priority = number(spec, field) or 0
        if not 0 < priority <= most:
            yield invalid(f"{at}.{field}", priority, f"must be positive and less than {most}")
    yield from _api_backend(spec, at)


def _api_backend(spec: Object, at: str) -> Iterator[Cause]:
    insecure = spec.get("insecureSkipTLSVerify") is True
    bundle = text(spec, "caBundle")
    if has(spec, "service"):
        yield from webhook_service(fields(spec, "service"), f"{at}.service")
        if insecure and bundle:
            yield invalid(
                f"{at}.insecureSkipTLSVerify", True, "may not be true if caBundle is present"
            )
        return
    if bundle:
        yield invalid(
            f"{at}.caBundle",
            f"{len(bundle) * 3 // 4} bytes",
            "local APIServices may not have a caBundle",
        )
    if insecure:
        yield invalid(
            f"{at}.insecureSkipTLSVerify",
            True,
            "local APIServices may not have insecureSkipTLSVerify",
        )
