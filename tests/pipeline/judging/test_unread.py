"""Large objects that an upgrade leaves as they are cost no reading."""

from __future__ import annotations

import pytest

from policylint.engine.criteria import Criteria
from policylint.engine.judging import judging
from policylint.kubernetes.api.schemas import NEWEST
from policylint.kubernetes.manifests.reader import Text
from policylint.kyaml.load import Document
from policylint.model import Apply, Target
from policylint.pipeline.judging.judge import Case, judge

FIELDS = "".join(
    f"                field{number}: {{type: string, description: what it is}}\n"
    for number in range(300)
)
CRD = f"""\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: widgets.example.com
spec:
  group: example.com
  scope: Namespaced
  names: {{kind: Widget, listKind: WidgetList, plural: widgets, singular: widget}}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
{FIELDS}"""
CONFIG = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {version: '%s'}\n"


@pytest.mark.parametrize("apply", [Apply.SERVER_SIDE, Apply.CLIENT_SIDE])
def test_a_definition_that_stays_as_it_is_is_not_read(apply, monkeypatch):
    parsed = []
    body = Document.body
    monkeypatch.setattr(Document, "body", lambda self: parsed.append(self.text) or body(self))
    sides = ((Text(side, CRD + CONFIG % side, checked=True),) for side in ("before", "after"))
    report = judge(Case("r", "default", Target(NEWEST, "4", apply), *sides), judging(Criteria()))
    assert [row.change for row in report.changes] == ["kept", "kept"]
    assert parsed
    assert not any("CustomResourceDefinition" in text for text in parsed)
