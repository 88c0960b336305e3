"""The params of a binding for one request.

Source: k8s.io/apiserver pkg/admission/plugin/policy/generic/policy_dispatcher.go CollectParams.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from policylint.cel.values import CelUnsupported
from policylint.kubernetes.policies.matching import labels_of, selects
from policylint.kubernetes.policies.model import Request, Surroundings
from policylint.model import Object


class ParamError(Exception):
    """A binding's params that the server cannot collect, in its words."""

    def __init__(self, text: str, of_policy: bool = False) -> None:
        super().__init__(f"failed to configure {'policy' if of_policy else 'binding'}: {text}")
        self.of_policy = of_policy


def params_of(
    kind: Object | None, ref: Object | None, request: Request, around: Surroundings
) -> Sequence[Any]:
    """The params that each get a run of their own, (None,) where there are none to get.

    Raises ParamError where the server refuses, CelUnsupported where the params are not at hand.
    """
    if not kind:
        return (None,)
    named = (str(kind.get("apiVersion") or ""), str(kind.get("kind") or ""))
    namespaced = around.scopes.get(named)
    if namespaced is None:
        if not around.closed:
            raise CelUnsupported(f"params of kind {named[1]} ({named[0]}), which is not known here")
        group_version = f"{named[0]}, Kind={named[1]}"
        raise ParamError(
            f"failed to find resource referenced by paramKind: '{group_version}'", of_policy=True
        )
    if not ref:
        return (None,)
    namespace = _namespace(ref, namespaced, request)
    params = [param for param in around.params if _is(param, named, namespace)]
    return _selected(ref, params, named, around)


def _namespace(ref: Object, namespaced: bool, request: Request) -> str:
    if not namespaced:
        if ref.get("namespace"):
            raise ParamError(
                "paramRef.namespace must not be provided for a cluster-scoped `paramKind`"
            )
        return ""
    if ref.get("namespace"):
        return str(ref["namespace"])
    if not request.namespaced or not request.namespace_name:
        raise ParamError(
            "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"
        )
    return request.namespace_name


def _is(param: Object, named: tuple[str, str], namespace: str) -> bool:
    metadata = param.get("metadata") or {}
    own = str(metadata.get("namespace") or "")
    return (param.get("apiVersion"), param.get("kind")) == named and own == namespace


def _selected(
    ref: Object, params: Sequence[Object], named: tuple[str, str], around: Surroundings
) -> Sequence[Any]:
    params = [param for param in params if _refers(ref, param)]
    if params:
        return params
    if not around.closed:
        wanted = ref.get("name") or "that a selector takes"
        raise CelUnsupported(
            f"the params {named[1]} {wanted} are not at hand: give them with --policies or --live"
        )
    if ref.get("parameterNotFoundAction") == "Deny":
        raise ParamError("no params found for policy binding with `Deny` parameterNotFoundAction")
    return ()


def _refers(ref: Object, param: Object) -> bool:
    if ref.get("name"):
        return bool(_metadata(param).get("name") == ref["name"])
    selector = ref.get("selector")
    return not isinstance(selector, Mapping) or selects(selector, labels_of(param))


def _metadata(body: Object) -> Mapping[str, Any]:
    metadata = body.get("metadata")
    if isinstance(metadata, Mapping):
        return metadata
    return {}
