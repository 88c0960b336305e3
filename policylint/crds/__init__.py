"""Custom resources and CustomResourceDefinitions, judged offline as the API server would."""

from policylint.crds.custom import validate_custom

__all__ = ["validate_custom"]
