"""`policylint check`: judge an upgrade before it runs."""

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Annotated

from msgspec.structs import replace

from policylint.cli.output import progress_bar
from policylint.cli.parameters import TIMEOUT, Words, option, seconds, words
from policylint.cli.releases import show_each
from policylint.cli.showing import with_showing
from policylint.cli.sides import single_side, with_sides
from policylint.commands.check import check
from policylint.commands.releases import listing
from policylint.helm.inputs.options import Options
from policylint.model import Category, Severity
from policylint.report.model import Report


class Fetch(StrEnum):
    """From which of the declared sources charts are fetched."""

    DECLARED = "declared"
    BASE = "base"
    NEVER = "never"


@with_showing
@with_sides
def command(
    options: Options,
    rollback: Annotated[
        str, option("--rollback", help="Check the rollback to this revision.")
    ] = "",
    changed: Annotated[
        bool, option("--changed", help="Only releases that the changed FILES touch.")
    ] = False,
    everything: Annotated[
        bool, option("--all", help="Every declared release, touched or not.")
    ] = False,
    time_limit: Annotated[str, option("--timeout", help=TIMEOUT)] = "30m",
    list_: Annotated[
        bool, option("--list", help="List the declared releases instead: policylint releases.")
    ] = False,
    offline: Annotated[bool, option("--offline", help="Fetch no chart.")] = False,
    allow_private_sources: Annotated[
        bool, option("--allow-private-sources", help="Fetch charts from private networks.")
    ] = False,
    plan: Annotated[
        str, option("--plan", help="A Terraform plan as JSON: check its helm releases.")
    ] = "",
    fetch: Annotated[
        Fetch | None, option("--fetch", help="Charts of declared sources, of the base's, or never.")
    ] = None,
    clusters: Annotated[
        str, option("--clusters", help="FILE: the cluster Secrets of Argo CD, for ApplicationSets.")
    ] = "",
    helmfile: Annotated[
        bool, option("--helmfile", help="Let helmfile build its files (not for forks).")
    ] = False,
    config_from: Annotated[
        str, option("--config-from", help="git:REV, whose configuration judges.")
    ] = "",
    policies: Annotated[
        Words | None,
        option("--policies", help="ValidatingAdmissionPolicies: a file or directory."),
    ] = None,
    ask: Annotated[
        str | None,
        option("--ask", help="A kubectl CONTEXT: ask its cluster too, by dry runs."),
    ] = None,
    ask_log: Annotated[
        str, option("--ask-log", help="Add a row of the cluster's answers to this FILE.")
    ] = "",
    select: Annotated[
        Words | None, option("--select", help="Rule ids, packs or categories.")
    ] = None,
    ignore: Annotated[
        Words | None, option("--ignore", help="Rule ids, packs or categories.")
    ] = None,
    level: Annotated[
        Category | None,
        option("--level", help="This category and harder ones; practice: habits fail."),
    ] = None,
    fail_on: Annotated[
        Severity | None, option("--fail-on", help="The lowest severity that fails.")
    ] = None,
    blame: Annotated[
        int, option("--blame", help="Renders to confirm causes with; 0: none are tried.")
    ] = 12,
    strict: Annotated[
        bool, option("--strict", help="What depends on live state is unknown.")
    ] = False,
    all_findings: Annotated[
        bool, option("--all-findings", help="Show what was there before this change too.")
    ] = False,
    no_waivers: Annotated[bool, option("--no-waivers", help="Count waived findings too.")] = False,
    jobs: Annotated[
        int, option("--jobs", help="Releases judged at once; 0: as many as there are processors.")
    ] = 0,
    shard: Annotated[
        str, option("--shard", help="I/N: judge this part; policylint merge puts all together.")
    ] = "",
    executor: Annotated[
        str, option("--executor", help="dask://HOST:PORT: let this Dask cluster judge.")
    ] = "",
    no_cache: Annotated[
        bool, option("--no-cache", help="Judge every release, whatever earlier runs came to.")
    ] = False,
    allow_empty: Annotated[
        bool, option("--allow-empty", help="No resource on the after side is fine.")
    ] = False,
) -> Report | Callable[[tuple[str, ...]], int]:
    """Judge an upgrade before it runs.

    policylint check CHART -f values.yaml --before git:main, or policylint check -- helm upgrade ...
    """
    options = replace(
        options if changed else single_side(options),
        after="" if changed else options.after,
        changed=changed,
        changed_files=tuple(filter(None, (options.after, *options.changed_files))),
        everything=everything,
        offline=offline,
        time_limit=seconds(time_limit, "--timeout"),
        allow_private_sources=allow_private_sources,
        helmfile=helmfile,
        clusters=clusters,
        fetch=fetch or "",
        plan=plan,
        rollback=rollback,
        config_from=config_from,
        policies=words(policies),
        ask=ask,
        ask_log=ask_log,
        select=words(select),
        ignore=words(ignore),
        level=level,
        fail_on=fail_on,
        blame=blame,
        strict=strict,
        all_findings=all_findings,
        no_waivers=no_waivers,
        jobs=jobs,
        shard=shard,
        executor=executor,
        no_cache=no_cache,
        allow_empty=allow_empty,
    )
    if list_:
        return partial(show_each, listing("", options))
    with progress_bar() as progress:
        return check(options, progress)
