"""Label selectors, as Kubernetes and the generators of Argo CD have them."""

from __future__ import annotations

from collections.abc import Mapping

from policylint.model import Json
from policylint.scan.gitops.tree import mapping, sequence, string


def selects(selector: dict[str, Json], labels: Mapping[str, str]) -> bool:
    """Whether every `matchLabels` and `matchExpressions` holds for these labels."""
    wanted = mapping(selector, "matchLabels").items()
    if any(labels.get(key) != str(text) for key, text in wanted):
        return False
    return all(_holds(term, labels) for term in sequence(selector, "matchExpressions"))


def _holds(term: Json, labels: Mapping[str, str]) -> bool:
    key, operator = string(term, "key"), string(term, "operator")
    listed = [str(text) for text in sequence(term, "values")]
    present = key in labels
    outcomes = {
        "In": present and labels.get(key) in listed,
        "NotIn": labels.get(key) not in listed,
        "Exists": present,
        "DoesNotExist": not present,
    }
    return outcomes.get(operator, False)
