"""Whether a policy has the form that its readers expect: lists where lists are, mappings in them.

An API server refuses a policy of another form, by its schema. Policies come from files that anybody
may have written, and what is judged by them is judged after this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from policylint.errors import ReadError
from policylint.kubernetes.policies.model import Source


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


def _are_mappings(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_mapping, value))


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_either(value: Any) -> bool:
    return _is_mapping(value) or _are_texts(value)


_Form = tuple[str, Callable[[Any], bool]]
_MAPPING: _Form = ("a mapping", _is_mapping)
_MAPPINGS: _Form = ("a list of mappings", _are_mappings)
_TEXTS: _Form = ("a list of texts", _are_texts)
_FORMS: Mapping[str, _Form] = {
    **dict.fromkeys(
        (
            *("metadata", "spec", "matchConstraints", "matchResources", "objectSelector"),
            *("namespaceSelector", "selector", "matchLabels", "paramKind", "paramRef", "match"),
            *("exclude", "validate", "cel"),
        ),
        _MAPPING,
    ),
    **dict.fromkeys(
        (
            *("validations", "matchConditions", "auditAnnotations", "variables", "resourceRules"),
            *("excludeResourceRules", "expressions", "matchExpressions", "rules", "any", "all"),
            "context",
        ),
        _MAPPINGS,
    ),
    **dict.fromkeys(
        (
            *("apiGroups", "apiVersions", "operations", "resourceNames", "kinds", "names"),
            *("validationActions", "namespaces"),
        ),
        _TEXTS,
    ),
    "resources": ("a mapping or a list of texts", _is_either),
    "preconditions": ("a mapping or a list", lambda value: isinstance(value, Mapping | list)),
}
"""Fields of the policies of Kubernetes and of Kyverno, by name: their names mean one thing."""
_FREE = frozenset(("pattern", "anyPattern", "labels", "annotations", "matchLabels", "deny"))
"""Fields below which stands what people like."""


def refuse_odd(source: Source) -> None:
    """Raise `ReadError` with file and line where a field of a policy is of another type."""
    for path, wanted in _odd(source.body, ""):
        raise ReadError(
            f"{source.body.get('kind')}: {path} is not {wanted}",
            file=source.file,
            line=source.line,
            remedy="write it as the API server takes it: `kubectl apply --dry-run=server` tells",
        )


def _odd(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """(place, what should stand there) of each field that is of another type."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _odd(item, f"{path}[{number}]")
    if not isinstance(value, Mapping):
        return
    for key, item in value.items():
        place = f"{path}.{key}" if path else str(key)
        wanted, fits = _FORMS.get(key, ("", None))
        if fits is not None and item is not None and not fits(item):
            yield place, wanted
        if key not in _FREE:
            yield from _odd(item, place)
