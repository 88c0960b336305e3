"""What earlier revisions of a release have left in the cluster: objects that a revision dropped and
that helm.sh/resource-policy kept."""

from __future__ import annotations

from policylint.helm.inputs.revisions import History
from policylint.kubernetes.api.schemas import minor_number, schemas
from policylint.kubernetes.manifests.reader import Reader, Text
from policylint.model import Resource, ResourceId

_KEEP = "helm.sh/resource-policy"


def kept_objects(history: History, kubernetes: str) -> dict[ResourceId, Resource]:
    """The kept objects that no revision since has taken back, as they were last deployed.

    A revision that failed has deleted nothing.
    """
    manifests = [revision.manifest for revision in history.revisions if revision.good]
    if not any(_KEEP in manifest for manifest in manifests[:-1]):
        return {}
    reader = Reader(history.namespace, schemas(f"1.{minor_number(kubernetes)}"))
    kept: dict[ResourceId, Resource] = {}
    deployed: dict[ResourceId, Resource] = {}
    for manifest in manifests:
        sent = dict(reader.read([Text("record", manifest)]).resources)
        dropped = deployed.keys() - sent.keys()
        kept |= {identity: deployed[identity] for identity in dropped}
        kept = {identity: item for identity, item in kept.items() if _stays(item, sent)}
        deployed = sent
    return kept


def _stays(resource: Resource, sent: dict[ResourceId, Resource]) -> bool:
    return resource.id not in sent and resource.annotations.get(_KEEP) == "keep"
