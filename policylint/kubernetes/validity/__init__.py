"""Whether an object is valid by itself, in the API server's own words.

`validate` gives the errors of the object as it would be stored, `validate_sent` what decoding
refuses of the object as it is sent, `warnings` what decoding only warns of; a cause of the topic
`UNJUDGED` is an open question; `is_judged` says whether silence about a kind means that it is
valid. Facts are those of Kubernetes' own validation (k8s.io/kubernetes pkg/apis/*/validation, v1.30
to v1.37) and of answers recorded from real API servers. Where the server names a field by a path
that its object does not have, the path of the object is given.
"""

from __future__ import annotations

from policylint.kubernetes.validity.judged import is_judged
from policylint.kubernetes.validity.objects import validate, validate_metadata
from policylint.kubernetes.validity.scope import UNJUDGED
from policylint.kubernetes.validity.sent import validate_sent, warnings

__all__ = ["UNJUDGED", "is_judged", "validate", "validate_metadata", "validate_sent", "warnings"]
