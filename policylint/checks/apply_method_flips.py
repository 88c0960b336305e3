"""The revisions were sent by server-side apply and by client-side patches in turn.

What happens: who owns which field changes with every switch: fields that a client-side patch set
are not removed by a later server-side apply, and the other way round, so removed settings stay in
the objects. A rollback uses the method of the revision it goes to.

Why: Helm 3 knows client-side patches only, Helm 4 keeps the method of the last revision unless
--server-side says otherwise. Jobs with different Helm versions or flags deploy the same release.

What to do instead: decide for one method, and give every job the same Helm line and the same
--server-side flag.
"""

from collections.abc import Iterator
from itertools import pairwise

from policylint.engine.rule import Context, rule
from policylint.helm.inputs.revisions import History, Revision
from policylint.model import Category, Fix, Severity, Violation


@rule(category=Category.ROLLBACK, severity=Severity.NOTE)
def check(history: History, _: Context) -> Iterator[Violation]:
    """Report switches there and back; moving to server-side apply once is no finding."""
    sent = [revision for revision in history.revisions if revision.record]
    switches = [
        after for before, after in pairwise(sent) if before.server_side != after.server_side
    ]
    if all(revision.server_side for revision in switches):
        return
    last = switches[-1]
    methods = ", ".join(map(_method, sent))
    yield Violation(
        f"{history.title} switched its apply method {len(switches)} times: "
        "removed fields may stay in its objects",
        because=f"revisions and methods: {methods}",
        before=[revision.number for revision in switches],
        fixes=(
            Fix("give every job the same Helm line, and the same --server-side=true or =false"),
        ),
        locations=(history.place(last),),
    )


def _method(revision: Revision) -> str:
    return f"{revision.number} {'server-side' if revision.server_side else 'client-side'}"
