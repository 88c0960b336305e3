"""Pods move to the network of their node, or off it.

What happens: on the node's network names of Services do not resolve (unless dnsPolicy is
ClusterFirstWithHostNet), no NetworkPolicy holds, and ports are those of the node; off it, whoever
called the node's address and port gets no answer.

Why: hostNetwork of a workload changes.

What to do instead: set dnsPolicy: ClusterFirstWithHostNet with it, and see who calls which address.

Source: kubernetes.io, DNS for Services and Pods (Pod's DNS Policy).
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.reading import at
from policylint.kubernetes.api.workloads import is_on_host_network, pod_template, template_path
from policylint.model import Category, Confidence, Fix, Kept, Severity, Violation


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(change: Kept, context: Context) -> Iterator[Violation]:
    """hostNetwork on one side alone."""
    if not change.fields or pod_template(change.after) is None:
        return
    was, becomes = is_on_host_network(change.before), is_on_host_network(change.after)
    if was == becomes:
        return
    path = f"{template_path(change.id.kind)}/spec/hostNetwork"
    if was:
        yield Violation(
            message=f"the pods of {change.id} no longer answer at the address of their node",
            because="hostNetwork is gone",
            path=path,
            fixes=(Fix("keep hostNetwork: true, or give callers a Service or a hostPort"),),
        )
        return
    policy = at(pod_template(change.after) or {}, "spec", "dnsPolicy") or "ClusterFirst"
    if policy == "ClusterFirst":
        yield Violation(
            message=f"the pods of {change.id} no longer resolve names of Services",
            because="hostNetwork is true, and dnsPolicy ClusterFirst then means Default: the "
            "node's own resolver",
            path=path,
            fixes=(
                Fix("set dnsPolicy: ClusterFirstWithHostNet"),
                Fix("leave hostNetwork out"),
            ),
        )
