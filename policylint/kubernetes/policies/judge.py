"""What policies answer to one request, in the server's order.

Match constraints, binding, params, match conditions, then every validation of every binding.
Source: k8s.io/apiserver pkg/admission/plugin/policy (generic/policy_dispatcher.go,
validating/dispatcher.go, validating/validator.go).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from policylint.cel.values import CelError, CelUnsupported, Unknowable
from policylint.kubernetes.policies.expressions import (
    ANNOTATION,
    AUTHORIZER,
    CONDITION,
    FOR_CONDITIONS,
    MESSAGE,
    Compiled,
    Scope,
)
from policylint.kubernetes.policies.matching import matched
from policylint.kubernetes.policies.model import Failure, Open, Policy, Request, Surroundings
from policylint.kubernetes.policies.params import ParamError, params_of
from policylint.model import Object

_MOST_MESSAGE = 5 * 1024
"""MaxEvaluatedMessageExpressionSizeBytes."""

Finding = Failure | Open


class Judge:
    """A policy, compiled; raises RefusedError where the server would not take it, CelUnsupported
    where that cannot be told."""

    def __init__(self, policy: Policy, minor: int) -> None:
        self.policy = policy
        self.spec = policy.spec
        self._compiled = compiled = Compiled(policy.spec, minor)
        self._conditions = [
            (item, compiled.expression(str(item.get("expression") or ""), CONDITION, False)[0])
            for item in self.spec.get("matchConditions") or ()
        ]
        self._validations = [_validation(item, compiled) for item in _validations(self.spec)]
        self._annotations = [
            (item, compiled.expression(str(item.get("valueExpression") or ""), ANNOTATION)[0])
            for item in self.spec.get("auditAnnotations") or ()
        ]

    @property
    def ignores(self) -> bool:
        """Whether errors pass."""
        return self.spec.get("failurePolicy") == "Ignore"

    def takes_workload(self, requests: Iterable[Request]) -> bool:
        """Whether the policy matches one of these requests."""
        constraints = self.spec.get("matchConstraints") or {}
        try:
            return any(matched(constraints, request) is not None for request in requests)
        except CelUnsupported:
            return False

    def answers(self, request: Request, around: Surroundings) -> Iterator[Finding]:
        """Everything that fails, and everything that cannot be told."""
        try:
            taken = matched(self.spec.get("matchConstraints") or {}, request)
        except CelUnsupported as error:
            yield Open(self.policy.name, "", str(error))
            return
        if taken is None:
            return
        for binding in self.policy.bindings:
            yield from self._bound(binding, request, taken, around)

    def _bound(
        self, binding: Object, request: Request, taken: Request, around: Surroundings
    ) -> Iterator[Finding]:
        name, spec = _name(binding), binding.get("spec") or {}
        try:
            params = self._params(spec, request, around)
        except ParamError as error:
            if not self.ignores:
                where = "" if error.of_policy else name
                yield Failure(self.policy.name, where, str(error))
            return
        except CelUnsupported as error:
            yield Open(self.policy.name, name, str(error))
            return
        for param in params:
            yield from filter(_counts, self._judged(name, spec, taken, param))

    def _params(self, spec: Object, request: Request, around: Surroundings) -> Sequence[Any]:
        """The params of a binding, none where it does not match."""
        if matched(spec.get("matchResources") or {}, request) is None:
            return ()
        return params_of(self.spec.get("paramKind"), spec.get("paramRef"), request, around)

    def _judged(
        self, binding: str, spec: Object, request: Request, param: Any
    ) -> Iterator[Finding]:
        names = _names(request, param, self.spec.get("paramKind"))
        source = _Source(self.policy.name, binding, tuple(spec.get("validationActions") or ()))
        matched = self._conditions_hold(source, names)
        if matched is not True:
            if matched is not False:
                yield matched
            return
        scope = Scope(names).with_variables(self._compiled)
        yield from self._validated(source, scope)
        yield from self._annotated(source, names)

    def _conditions_hold(self, source: _Source, names: Mapping[str, Any]) -> bool | Finding:
        """A condition that is false beats another one's error."""
        scope = Scope({**names, "namespaceObject": None}, FOR_CONDITIONS)
        errors: list[str] = []
        unknown = ""
        for item, root in self._conditions:
            try:
                if scope.run(root) is False:
                    return False
            except CelError as error:
                errors.append(_resulted(str(item.get("expression") or ""), error))
            except CelUnsupported as error:
                unknown = str(error)
        if unknown:
            return source.open(unknown)
        if not errors:
            return True
        if self.ignores:
            return False
        distinct = list(dict.fromkeys(errors))
        if len(distinct) == 1:
            text = distinct[0]
        else:
            text = f"[{', '.join(distinct)}]"
        return source.failure(text, "")

    def _validated(self, source: _Source, scope: Scope) -> Iterator[Finding]:
        failed: list[_Failed] = []
        for validation in self._validations:
            try:
                if scope.run(validation.root) is not True:
                    failed.append(_Failed(validation))
            except CelError as error:
                if not self.ignores:
                    failed.append(_Failed(validation, _resulted(validation.expression, error)))
            except CelUnsupported as error:
                yield source.open(str(error), validation.expression)
        # the server evaluates all messages after all validations, from the same budget
        for failure in failed:
            yield _failure(source, failure, scope)

    def _annotated(self, source: _Source, names: Mapping[str, Any]) -> Iterator[Finding]:
        """An annotation that cannot be evaluated is denied, whatever the binding's actions."""
        scope = Scope({**names, "authorizer": None}).with_variables(self._compiled)
        del scope.bindings["authorizer"]
        for item, root in self._annotations:
            expression = str(item.get("valueExpression") or "")
            try:
                scope.run(root)
            except CelError as error:
                if not self.ignores:
                    yield Failure(
                        source.policy, source.binding, _resulted(expression, error), expression
                    )
            except CelUnsupported as error:
                yield source.open(str(error), expression)


class _Source(Struct, frozen=True):
    """Whose answer it is, and what the binding makes of it."""

    policy: str
    binding: str
    actions: tuple[str, ...]

    def failure(self, message: str, expression: str, reason: str = "Invalid") -> Failure:
        return Failure(self.policy, self.binding, message, expression, self.actions, reason)

    def open(self, why: str, expression: str = "") -> Open:
        return Open(self.policy, self.binding, why, expression)


class _Validation(Struct, frozen=True):
    """A validation with its trees."""

    item: Object
    root: Any
    message: Any = None

    @property
    def expression(self) -> str:
        """The expression as it is written."""
        return str(self.item.get("expression") or "")


class _Failed(Struct, frozen=True):
    """A validation that failed; `error` where it could not be evaluated."""

    validation: _Validation
    error: str = ""


def _failure(source: _Source, failed: _Failed, scope: Scope) -> Failure:
    validation = failed.validation
    if failed.error:
        return source.failure(failed.error, validation.expression)
    reason = str(validation.item.get("reason") or "Invalid")
    return source.failure(_message(validation, scope), validation.expression, reason)


def _validations(spec: Object) -> Iterable[Object]:
    return spec.get("validations") or ()


def _validation(item: Object, compiled: Compiled) -> _Validation:
    root, _ = compiled.expression(str(item.get("expression") or ""), CONDITION)
    source = item.get("messageExpression")
    if source:
        message = compiled.expression(str(source), MESSAGE)[0]
    else:
        message = None
    return _Validation(item, root, message)


def _message(validation: _Validation, scope: Scope) -> str:
    """The message of a failed validation; one that cannot be evaluated falls back."""
    text = ""
    if validation.message is not None:
        text = _evaluated(validation, scope)
    if not text:
        text = str(validation.item.get("message") or "").strip()
    return text or f"failed expression: {validation.expression.strip()}"


def _evaluated(validation: _Validation, scope: Scope) -> str:
    try:
        text = scope.run(validation.message)
    except (CelError, CelUnsupported):
        return ""
    if not isinstance(text, str):
        return ""
    text = text.strip()
    too_long = len(text.encode()) > _MOST_MESSAGE
    if too_long or "\n" in text:
        return ""
    return text


def _resulted(expression: str, error: CelError) -> str:
    return f"expression '{expression}' resulted in error: {error}"


def _counts(finding: Finding) -> bool:
    """Whether a binding's actions make anything of a failure."""
    return isinstance(finding, Open) or bool(finding.actions)


def _name(body: Object) -> str:
    return str((body.get("metadata") or {}).get("name") or "")


def _names(request: Request, param: Any, param_kind: Any) -> dict[str, Any]:
    if request.namespaced:
        namespace = request.namespace
    else:
        namespace = None
    names: dict[str, Any] = {
        "object": request.object,
        "oldObject": request.old_object,
        "request": _request(request),
        "namespaceObject": _namespace_object(request, namespace),
        "authorizer": AUTHORIZER,
    }
    if param_kind:
        names["params"] = param
    return names


def _namespace_object(request: Request, namespace: Any) -> Any:
    if request.kind == "Namespace" and not request.group:
        return None
    if request.namespaced and namespace is None:
        return Unknowable(f"the namespace {request.namespace_name} (give it with --live)")
    return namespace


def _request(request: Request) -> dict[str, Any]:
    kind = {"group": request.group, "version": request.version, "kind": request.kind}
    resource = {"group": request.group, "version": request.version, "resource": request.resource}
    sent_as = request.sent_as.rpartition("/")[2] or request.version
    words = {"CREATE": "CreateOptions", "UPDATE": "UpdateOptions", "DELETE": "DeleteOptions"}
    options: dict[str, Any] = {
        "apiVersion": "meta.k8s.io/v1",
        "kind": words[request.operation],
    }
    if request.operation != "DELETE":
        options["fieldManager"] = "helm"
    if request.dry_run:
        options["dryRun"] = ["All"]
    shown: dict[str, Any] = {
        "kind": kind,
        "resource": resource,
        "requestKind": {**kind, "version": sent_as},
        "requestResource": {**resource, "version": sent_as},
        "name": Unknowable("the generated name") if request.generated else request.name,
        "operation": request.operation,
        "userInfo": _user(request),
        "dryRun": request.dry_run,
        "options": options,
    }
    if request.namespace_name:
        shown["namespace"] = request.namespace_name
    return shown


def _user(request: Request) -> Any:
    if request.user is None:
        return Unknowable("request.userInfo: who will run helm")
    return request.user
