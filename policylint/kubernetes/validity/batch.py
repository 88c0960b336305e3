"""Jobs and CronJobs (pkg/apis/batch/validation)."""

from __future__ import annotations

from collections.abc import Iterator

from policylint.kubernetes.api.fielderrors import (
    NOT_NEGATIVE,
    OMITTED,
    duplicate,
    each_invalid,
    invalid,
    required,
    too_long,
    too_many,
    unsupported,
)
from policylint.kubernetes.api.reading import fields, has, many, number, objects, text, text_map
from policylint.kubernetes.validity.formats import dns_label, qualified_name
from policylint.kubernetes.validity.indexes import count_indexes
from policylint.kubernetes.validity.references import domain_path_errors
from policylint.kubernetes.validity.schedule import schedule_error, time_zone_error
from policylint.kubernetes.validity.scope import Scope
from policylint.kubernetes.validity.selectors import matches
from policylint.model import Cause, Json, Object

_MOST_CONDITIONS = 20
_MOST_INDEXED = 100_000
_HIGH_COMPLETIONS = 100_000
_HIGH_PARALLELISM = 10_000
_MANAGED_BY = 63
_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_GENERATED = frozenset(
    {
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-name",
        "controller-uid",
        "job-name",
    }
)
_LONGEST_INDEXES = 64 * 1024
_CONDITION_STATES = ("False", "True", "Unknown")


def job(obj: Object, _at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a Job that its spec alone does not show: the names of its pods."""
    spec = fields(obj, "spec")
    if spec.get("manualSelector") is True and not has(spec, "selector"):
        yield required("spec.selector")
    yield from _generated(spec)
    completions, name = number(spec, "completions") or 0, text(fields(obj, "metadata"), "name")
    if text(spec, "completionMode") == "Indexed" and completions > 0 and name:
        host = f"{name}-{completions - 1}"
        if dns_label(host):
            yield invalid(
                "metadata.name", name, f"will not able to create pod with invalid DNS label: {host}"
            )


def _generated(spec: Object) -> Iterator[Cause]:
    """A selector that is not `manualSelector` has to be the generated one (which the server adds to
    whatever is given)."""
    selector = fields(spec, "selector")
    if spec.get("manualSelector") is True:
        return
    wanted = set(text_map(selector, "matchLabels")) - _GENERATED
    if wanted or many(selector, "matchExpressions"):
        yield invalid("spec.selector", dict(selector), "`selector` not auto-generated")


def job_spec(spec: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a Job's spec, in a Job or a CronJob."""
    template = fields(spec, "template")
    selector = fields(spec, "selector")
    if selector and not matches(selector, text_map(fields(template, "metadata"), "labels")):
        pod_labels = fields(template, "metadata").get("labels") or None
        yield invalid(
            f"{at}.template.metadata.labels",
            pod_labels,
            "`selector` does not match template `labels`",
        )
    yield from _restart_policy(spec, f"{at}.template.spec.restartPolicy")
    yield from _managed_by(
        text(spec, "managedBy"), f"{at}.managedBy", is_set=has(spec, "managedBy")
    )
    if text(spec, "completionMode") == "Indexed":
        yield from _indexed(spec, at)
    else:
        yield from _not_indexed(spec, at)
    if has(spec, "maxFailedIndexes") and not has(spec, "backoffLimitPerIndex"):
        yield required(f"{at}.backoffLimitPerIndex", "when maxFailedIndexes is specified")
    yield from _replacement(spec, f"{at}.podReplacementPolicy")
    yield from _failure_policy(spec, f"{at}.podFailurePolicy")
    yield from _success_policy(spec, f"{at}.successPolicy")


def _restart_policy(spec: Object, at: str) -> Iterator[Cause]:
    policy = text(fields(fields(spec, "template"), "spec"), "restartPolicy")
    if policy in ("", "Always"):
        yield required(at, 'valid values: "OnFailure", "Never"')
    elif policy not in ("OnFailure", "Never"):
        yield unsupported(at, policy, ("OnFailure", "Never"))
    elif has(spec, "podFailurePolicy") and policy != "Never":
        yield invalid(at, policy, 'only "Never" is supported when podFailurePolicy is specified')


def _managed_by(name: str, at: str, *, is_set: bool) -> Iterator[Cause]:
    if not is_set:
        return
    yield from domain_path_errors(name, at)
    if len(name) > _MANAGED_BY:
        yield too_long(at, _MANAGED_BY)


def _completions_missing(spec: Object, at: str) -> Iterator[Cause]:
    if at.startswith("spec.jobTemplate.") or not _defaulted(spec):
        yield required(f"{at}.completions", "when completion mode is Indexed")


def _indexed(spec: Object, at: str) -> Iterator[Cause]:
    completions, parallelism = number(spec, "completions"), number(spec, "parallelism")
    most_failed = number(spec, "maxFailedIndexes")
    if completions is None:
        yield from _completions_missing(spec, at)
    elif most_failed is not None and most_failed > completions:
        yield invalid(
            f"{at}.maxFailedIndexes", most_failed, "must be less than or equal to completions"
        )
    if parallelism is not None and parallelism > _MOST_INDEXED:
        detail = f"must be less than or equal to {_MOST_INDEXED} when completion mode is Indexed"
        yield invalid(f"{at}.parallelism", parallelism, detail)
    if (completions or 0) > _HIGH_COMPLETIONS and has(spec, "backoffLimitPerIndex"):
        yield from _many_indexes(spec, at)


def _many_indexes(spec: Object, at: str) -> Iterator[Cause]:
    if number(spec, "maxFailedIndexes") is None:
        detail = f"must be specified when completions is above {_HIGH_COMPLETIONS}"
        yield required(f"{at}.maxFailedIndexes", detail)
    for name in ("parallelism", "maxFailedIndexes"):
        count = number(spec, name)
        if count is not None and count > _HIGH_PARALLELISM:
            detail = (
                f"must be less than or equal to {_HIGH_PARALLELISM} when completions are above "
                f"{_HIGH_COMPLETIONS} and used with backoff limit per index"
            )
            yield invalid(f"{at}.{name}", count, detail)


def _defaulted(spec: Object) -> bool:
    """Whether defaulting sets a Job's completions: where neither they nor the parallelism are
    given, both are 1."""
    return not has(spec, "completions") and not has(spec, "parallelism")


def _not_indexed(spec: Object, at: str) -> Iterator[Cause]:
    for name in ("backoffLimitPerIndex", "maxFailedIndexes"):
        limit = number(spec, name)
        if limit is not None:
            yield invalid(f"{at}.{name}", limit, "requires indexed completion mode")
    if has(spec, "successPolicy"):
        yield invalid(
            f"{at}.successPolicy", spec["successPolicy"], "requires indexed completion mode"
        )


def _replacement(spec: Object, at: str) -> Iterator[Cause]:
    policy = text(spec, "podReplacementPolicy")
    known = ("Failed",) if has(spec, "podFailurePolicy") else ("Failed", "TerminatingOrFailed")
    if has(spec, "podReplacementPolicy") and policy not in known:
        yield unsupported(at, policy, known)


def _failure_policy(spec: Object, at: str) -> Iterator[Cause]:
    policy, pod = fields(spec, "podFailurePolicy"), fields(fields(spec, "template"), "spec")
    names = {
        text(container, "name")
        for part in ("containers", "initContainers")
        for _, container in objects(pod, part, "")
    }
    rules = many(policy, "rules")
    if len(rules) > 20:
        yield too_many(f"{at}.rules", len(rules), 20)
    for path, rule in objects(policy, "rules", at):
        action = text(rule, "action")
        if not action:
            yield required(f"{path}.action", f"valid values: {_quoted(_ACTIONS)}")
        elif action == "FailIndex" and not has(spec, "backoffLimitPerIndex"):
            yield invalid(f"{path}.action", action, "requires the backoffLimitPerIndex to be set")
        elif action not in _ACTIONS:
            yield unsupported(f"{path}.action", action, _ACTIONS)
        yield from _failure_rule(rule, path, names)


def _failure_rule(rule: Object, at: str, names: set[str]) -> Iterator[Cause]:
    conditions = many(rule, "onPodConditions")
    if has(rule, "onExitCodes") == bool(conditions):
        both = "specifying both OnExitCodes and OnPodConditions is not supported"
        yield invalid(
            at,
            OMITTED,
            both if conditions else "specifying one of OnExitCodes and OnPodConditions is required",
        )
    if has(rule, "onExitCodes"):
        yield from _exit_codes(fields(rule, "onExitCodes"), f"{at}.onExitCodes", names)
    if len(conditions) > _MOST_CONDITIONS:
        yield too_many(f"{at}.onPodConditions", len(conditions), _MOST_CONDITIONS)
        return
    for path, condition in objects(rule, "onPodConditions", at):
        kind, state = text(condition, "type"), text(condition, "status") or "True"
        yield from each_invalid(f"{path}.type", kind, qualified_name(kind))
        if state not in _CONDITION_STATES:
            yield unsupported(f"{path}.status", state, _CONDITION_STATES)


def _exit_codes(rule: Object, at: str, names: set[str]) -> Iterator[Cause]:
    operator, values = text(rule, "operator"), many(rule, "values")
    if not operator:
        yield required(f"{at}.operator", f"valid values: {_quoted(('In', 'NotIn'))}")
    elif operator not in ("In", "NotIn"):
        yield unsupported(f"{at}.operator", operator, ("In", "NotIn"))
    name = text(rule, "containerName")
    if has(rule, "containerName") and name not in names:
        detail = "must be one of the container or initContainer names in the pod template"
        yield invalid(f"{at}.containerName", name, detail)
    if not values:
        yield invalid(f"{at}.values", None, "at least one value is required")
    elif len(values) > 255:
        yield too_many(f"{at}.values", len(values), 255)
    yield from _codes(values, f"{at}.values", operator)


def _codes(values: list[Json], at: str, operator: str) -> Iterator[Cause]:
    codes = [code for code in values if isinstance(code, int)]
    for index, code in enumerate(codes):
        if operator == "In" and code == 0:
            yield invalid(f"{at}[{index}]", 0, "must not be 0 for the In operator")
        if code in codes[:index]:
            yield duplicate(f"{at}[{index}]", code)
    if codes != sorted(codes):
        yield invalid(at, codes, "must be ordered")


def _success_policy(spec: Object, at: str) -> Iterator[Cause]:
    if not has(spec, "successPolicy") or text(spec, "completionMode") != "Indexed":
        return
    policy = fields(spec, "successPolicy")
    rules = many(policy, "rules")
    if not rules:
        yield required(
            f"{at}.rules",
            "at least one rules must be specified when the successPolicy is specified",
        )
    if len(rules) > 20:
        yield too_many(f"{at}.rules", len(rules), 20)
    for path, rule in objects(policy, "rules", at):
        yield from _success_rule(rule, path, number(spec, "completions"))


def _success_rule(rule: Object, at: str, completions: float | None) -> Iterator[Cause]:
    count, indexes = number(rule, "succeededCount"), text(rule, "succeededIndexes")
    if count is None and not has(rule, "succeededIndexes"):
        detail = "at least one of succeededCount or succeededIndexes must be specified"
        yield required(at, detail)
    if completions is None:
        most = []
    else:
        most = [(completions, "the number of specified completions")]
    if has(rule, "succeededIndexes"):
        where, problem = f"{at}.succeededIndexes", ""
        if len(indexes.encode()) > _LONGEST_INDEXES:
            yield too_long(where, _LONGEST_INDEXES)
        try:
            known = "the number of indexes in the specified succeededIndexes field"
            most.append((count_indexes(indexes, completions), known))
        except ValueError as error:
            problem, most = str(error), [*most, (0, "the indexes cannot be read")]
        if problem:
            yield invalid(where, indexes, f"error parsing succeededIndexes: {problem}")
    yield from _success_count(count, most, f"{at}.succeededCount")


def _success_count(count: int | None, most: list[tuple[float, str]], at: str) -> Iterator[Cause]:
    if count is None:
        return
    if count < 0:
        yield invalid(at, count, NOT_NEGATIVE)
    for limit, what in most:
        if count > limit:
            yield invalid(at, count, f"must be less than or equal to {limit} ({what})")


def cron_job(spec: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a CronJob's spec."""
    schedule = text(spec, "schedule")
    if not schedule:
        yield required(f"{at}.schedule")
    else:
        error = schedule_error(schedule)
        if error:
            yield invalid(f"{at}.schedule", schedule, error)
        if "TZ" in schedule:
            detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
            yield invalid(f"{at}.schedule", schedule, detail)
    if has(spec, "timeZone"):
        zone = text(spec, "timeZone")
        error = time_zone_error(zone)
        if error:
            yield invalid(f"{at}.timeZone", zone, error)


def job_template(value: Object, at: str, _scope: Scope) -> Iterator[Cause]:
    """The errors of a CronJob's job template: its selector is made for it."""
    spec = fields(value, "spec")
    if has(spec, "selector"):
        yield invalid(f"{at}.spec.selector", spec["selector"], "`selector` will be auto-generated")
    if spec.get("manualSelector") is True:
        yield unsupported(f"{at}.spec.manualSelector", True, ("nil", "false"))


def _quoted(names: tuple[str, ...]) -> str:
    return "[" + " ".join(f'"{name}"' for name in names) + "]"
