"""Templates of an ApplicationSet: Go's, and the old `{{name}}`.

Source: applicationset/utils/utils.go and template_functions.go of argo-cd: sprig's functions, those
that look at the environment left out, and a few of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from policylint.errors import ReadError
from policylint.kyaml.load import load
from policylint.model import Json
from policylint.scan.gitops.gotemplates.functions import Function
from policylint.scan.gitops.gotemplates.model import TemplateError
from policylint.scan.gitops.gotemplates.render import rendered
from policylint.scan.gitops.gotemplates.slugs import slug
from policylint.scan.gitops.gotemplates.sprig import SPRIG
from policylint.scan.gitops.gotemplates.values import from_json
from policylint.scan.gitops.goyaml import go_yaml

_FAST = re.compile(r"\{\{([^{}]*+)\}\}")
_LONGEST_NAME = 253
_LONGEST_SLUG = 50


class Strict(dict[str, Any]):
    """Parameters of templates with the option missingkey=error: a name that is not there is
    refused."""


def filled(body: Json, parameters: Mapping[str, Any], go_template: bool) -> Json:
    """A value with every text of it rendered, keys too. Raises TemplateError."""
    if not go_template:
        return _filled(body, lambda text: _fast(text, parameters))
    data = from_json(dict(parameters))
    is_strict = isinstance(parameters, Strict)
    return _filled(
        body, lambda text: rendered(text, data, functions=_FUNCTIONS, is_strict=is_strict)
    )


def _filled(body: Json, render: Any) -> Json:
    if isinstance(body, str):
        return render(body)
    if isinstance(body, list):
        return [_filled(entry, render) for entry in body]
    if isinstance(body, dict):
        return {str(render(key)): _filled(entry, render) for key, entry in body.items()}
    return body


def _fast(text: str, parameters: Mapping[str, Any]) -> str:
    """A name for which no generator gives a text stays as it is."""

    def replaced(match: re.Match[str]) -> str:
        value = parameters.get(match[1].strip())
        return value if isinstance(value, str) else match[0]

    return _FAST.sub(replaced, text)


def normalized(name: str) -> str:
    """A name as a DNS subdomain (SanitizeName)."""
    return re.sub(r"[^-a-z0-9.]", "-", name.lower())[:_LONGEST_NAME].strip("-.")


def _slug(*arguments: Any) -> str:
    """`slugify [longest [whole words]] name`."""
    *options, name = arguments
    if not isinstance(name, str) or not all(isinstance(option, int) for option in options):
        raise TemplateError("slugify takes a number, a boolean and a text")
    return slug(normalized(name), options[0] if options else _LONGEST_SLUG)


def _from_yaml(text: str, kind: type) -> Any:
    try:
        value = load(text, "fromYaml")
    except (ReadError, RecursionError):
        raise TemplateError("fromYaml of what is no YAML") from None
    if value is None:
        return kind()
    if isinstance(value, kind):
        return from_json(value)
    raise TemplateError("fromYaml of what is of another type")


_FUNCTIONS = {
    **SPRIG,
    "normalize": Function("s", normalized),
    "slugify": Function("a*a", _slug),
    "toYaml": Function("a", lambda value: go_yaml(value).removesuffix("\n")),
    "fromYaml": Function("s", lambda text: _from_yaml(text, dict)),
    "fromYamlArray": Function("s", lambda text: _from_yaml(text, list)),
}
