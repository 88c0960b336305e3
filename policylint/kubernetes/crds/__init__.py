"""Custom resources and CustomResourceDefinitions, judged offline as the API server would."""

from policylint.kubernetes.crds.custom import stored_custom, validate_custom
from policylint.kubernetes.crds.definition import judge_crd, validate_crd, validate_crd_update

__all__ = ["judge_crd", "stored_custom", "validate_crd", "validate_crd_update", "validate_custom"]
