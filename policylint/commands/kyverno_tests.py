"""Kyverno's test files, `kyverno-test.yaml`, run by policylint: what each policy should say of each
resource.

Source: Kyverno's documentation, "kyverno test"; cmd/cli/kubectl-kyverno/apis/v1alpha1 Test.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from policylint.errors import PolicylintError
from policylint.helm.inputs.files import read_text
from policylint.kubernetes.manifests.reader import Text
from policylint.kyaml.load import load_all
from policylint.model import Object
from policylint.pipeline.trial import Trial, tried
from policylint.runtime.escapes import json_text

NAMES = ("kyverno-test.yaml", "kyverno-test.yml")
_VAP, _BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"


class Row(Struct, frozen=True):
    """One expectation, and what came of it: pass, fail or unknown."""

    file: str
    policy: str
    about: str
    expected: str
    outcome: str
    why: str = ""

    @property
    def is_right(self) -> bool:
        """Whether it came out as expected; what is skipped is not denied either."""
        return {"skip": "pass"}.get(self.expected, self.expected) == self.outcome


def rows_of(file: Path) -> Iterator[Row]:
    """Every expectation of a test file. Raises `PolicylintError` for a file that cannot be
    read."""
    for document in load_all(read_text(file), str(file)):
        body = document.body()
        if isinstance(body, dict) and body.get("kind") == "Test":
            yield from _rows(file, body)


def _rows(file: Path, test: Mapping[str, Any]) -> Iterator[Row]:
    policies = tuple(_objects(file, test.get("policies")))
    resources = tuple(_objects(file, test.get("resources")))
    texts = tuple(
        Text(str(file), json_text(body))
        for body in (*policies, *_bindings(policies), *_users(file, test))
    )
    for result in _listed(test.get("results")):
        if not isinstance(result, dict):
            continue
        if "resource" in result:
            names = [result["resource"]]
        else:
            names = _listed(result.get("resources"))
        for name in names:
            yield _row(file, result, str(name), resources, texts)


def _row(
    file: Path,
    result: Mapping[str, Any],
    name: str,
    resources: Iterable[Object],
    texts: tuple[Text, ...],
) -> Row:
    policy = str(result.get("policy", "")).rpartition("/")[2]
    expected = str(result.get("result") or result.get("status") or "")
    named = [body for body in resources if _is_named(body, name, result)]
    about = f"{result.get('kind', 'resource')} {name}"
    if not named:
        return Row(str(file), policy, about, expected, "unknown", "no resource is called so")
    after = "\n---\n".join(json_text(body) for body in named)
    done = tried(policy, Trial(after=after, policies=texts))
    return Row(str(file), policy, about, expected, done.outcome, done.why)


def _is_named(body: Object, name: str, result: Mapping[str, Any]) -> bool:
    metadata = body.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    kind = result.get("kind")
    names = (metadata.get("name"), f"{metadata.get('namespace', 'default')}/{metadata.get('name')}")
    return name in names and kind in (None, "", body.get("kind"))


def _bindings(policies: Iterable[Object]) -> Iterator[Object]:
    """A binding for each policy of the API server's own that brings none: Kyverno's test asks it
    all the same."""
    bound = {
        (body.get("spec") or {}).get("policyName")
        for body in policies
        if body.get("kind") == _BINDING
    }
    for body in policies:
        name = (body.get("metadata") or {}).get("name")
        if body.get("kind") == _VAP and name not in bound:
            yield {
                "apiVersion": "admissionregistration.k8s.io/v1",
                "kind": _BINDING,
                "metadata": {"name": f"{name}-test"},
                "spec": {"policyName": name, "validationActions": ["Deny"]},
            }


def _users(file: Path, test: Mapping[str, Any]) -> Iterator[Object]:
    if test.get("userinfo"):
        yield from _objects(file, [test["userinfo"]])


def _objects(file: Path, names: object) -> Iterator[Object]:
    for name in _listed(names):
        path = file.parent / str(name)
        if not path.is_file():
            raise PolicylintError(
                f"it names {name}, which is not there", file=str(file), remedy="mend the path"
            )
        for document in load_all(read_text(path), str(path)):
            body = document.body()
            if isinstance(body, dict):
                yield body


def _listed(value: object) -> list[Any]:
    if isinstance(value, list):
        return value
    return []
