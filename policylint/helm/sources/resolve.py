"""What the user named becomes two sides: SIDE syntax, and the before side that git knows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from msgspec.structs import replace

from policylint.errors import SourceError, UsageError
from policylint.helm.engines.binary import find_helm
from policylint.helm.inputs.files import is_stream, read_text
from policylint.helm.inputs.sides import (
    UNNAMED,
    ChartSide,
    EmptySide,
    ManifestSide,
    Side,
    default_namespace,
)
from policylint.helm.inputs.workspace import Workspace, disk_error
from policylint.helm.sources.baseline import default_revision, is_staged, named_revision
from policylint.helm.sources.checkout import Checkout
from policylint.helm.sources.dependencies import trust, with_dependencies
from policylint.helm.sources.git import Repository, absolute_path, find_repository
from policylint.helm.sources.manifests import from_directory, from_file, from_stdin
from policylint.helm.sources.reach import depends_on, is_reference
from policylint.helm.sources.release import from_cluster, from_record, is_record
from policylint.helm.sources.snapshot import Revision, at_revision, path_inside
from policylint.helm.sources.vendored import may_lack
from policylint.kyaml.load import has_content
from policylint.redaction.logins import without_logins
from policylint.runtime.patterns import pattern

_ARCHIVE = (".tgz", ".tar.gz")
_REFERENCE = pattern(r"oci://.+|https?://.+|[A-Za-z0-9][\w.-]*/[\w.-]+(@.+)?")
_VERSIONED = pattern(r"(?P<chart>oci://[^@]+/[^/:@]+)[:@].+|(?P<name>[^:@]+)@(?P<version>[^/@]+)")


def resolve_pair(
    before: str, chart: ChartSide, workspace: Workspace, *, default_branch: str = "", helm: str = ""
) -> tuple[Side, Side]:
    """(before, after) for SIDE `before` ("" for the default) and `chart.chart`, any SIDE too.

    `chart` carries the values and flags for sides that are charts; `helm` is --helm, for what has
    to be fetched. `is_upgrade` is off on both sides where the before side is empty. Raises
    SourceError, ReadError, UsageError.
    """
    workspace.sources = None
    chart = with_streams(chart, workspace)
    _check_pair(before, chart.chart)
    if _is_revision(before):
        revision = before.removeprefix("git:")
        old, new = _by_git(revision, chart, workspace, default_branch, helm)
    else:
        old, new = _by_name(before, chart, workspace, helm)
    if isinstance(old, EmptySide) and isinstance(new, EmptySide):
        raise SourceError(
            f"there is no {chart.chart} on either side", remedy="check the path of the chart"
        )
    if isinstance(new, ChartSide) and _is_nothing(old):
        return old, replace(new, is_upgrade=False)
    return old, new


def _is_revision(before: str) -> bool:
    """Whether git knows the before side: a revision, or the default one."""
    return not before or before.startswith("git:")


def _check_pair(before: str, after: str) -> None:
    """Raise UsageError for two SIDEs that cannot be compared, whatever they hold."""
    if before == "git:":
        raise UsageError(
            "git: names no revision", remedy="write git:REVISION, such as git:main or git:HEAD~1"
        )
    if after.startswith("git:"):
        raise UsageError(
            f"{after} says when, not what",
            remedy="name the chart as it is now, and the revision as the before side:"
            f" CHART --before {after}",
        )
    if before == "-" and after == "-":
        raise UsageError(
            "both sides cannot come from standard input", remedy="give one of them as a file"
        )
    if _is_revision(before) and (after == "-" or after.startswith("release:")):
        raise UsageError(
            f"git knows nothing of {after}",
            remedy="name the side to compare with: --before SIDE",
        )


def resolve_at(
    revision: Revision,
    before: ChartSide | None,
    after: ChartSide | None,
    workspace: Workspace,
    helm: str = "",
) -> tuple[Side, Side]:
    """(before, after) of a release that is declared as `before` at a revision and as `after` now;
    None where it is not.

    Raises SourceError for what cannot be had, and where nobody can tell what ran before: a chart
    that helm pulls without a version.
    """
    workspace.sources = None
    if before is None:
        old: Side = EmptySide(revision.label, (f"the release is new since {revision.label}",))
    else:
        old = _stood(revision, with_streams(before, workspace), workspace, helm)
    if after is None:
        label = f"not declared since {revision.label}"
        return old, EmptySide(label, ("the release is no longer declared: this is its uninstall",))
    chart = with_streams(after, workspace)
    trust(workspace, old)
    if is_staged(revision):
        repository = _repository(chart, workspace, helm)
        if repository.state(depends_on(repository, chart)).untracked:
            return old, _at(repository, Revision("", "the index"), chart, workspace, helm)
    new = resolve(chart.chart, chart, workspace, helm)
    if isinstance(new, ChartSide) and isinstance(old, EmptySide):
        return old, replace(new, is_upgrade=False)
    return old, new


def _stood(revision: Revision, chart: ChartSide, workspace: Workspace, helm: str) -> Side:
    """A declared chart as it stood at a revision."""
    repository = _of_revision(_repository(chart, workspace, helm), revision)
    inside = repository.path_of(chart.chart)
    if (inside and repository.has(revision.commit, inside)) or Path(chart.chart).exists():
        return _at(repository, revision, chart, workspace, helm)
    if not chart.version and not _says_version(chart.chart):
        raise unknown_before(chart)
    side = _at(repository, revision, chart, workspace, helm)
    return replace(side, label=f"{_reference(chart.chart, chart).label} at {revision.label}")


def _of_revision(repository: Repository, revision: Revision) -> Repository:
    """The repository that has the revision: where a chart lies in a submodule, the one around."""
    around: Repository | None = repository
    while around is not None and not around.commit(revision.commit):
        around = find_repository(around.top.parent)
    return around or repository


def unknown_before(chart: ChartSide) -> SourceError:
    """What is said where the version that runs cannot be told, with the ways to name it."""
    name = without_logins(chart.chart)
    return SourceError(
        f"which version of {name} runs before this upgrade is not known",
        remedy="name it: --before "
        f"{name}@VERSION, --before release:NAMESPACE/NAME (asks the cluster), or an exported record"
        " (kubectl get secret -l owner=helm,name=RELEASE -o yaml) as --before FILE",
    )


def _is_nothing(side: Side) -> bool:
    """Whether a side is empty: then the other one is an install."""
    if not isinstance(side, ManifestSide):
        return isinstance(side, EmptySide)
    return not any(has_content(text) for _, text in side.text)


def _as_released(chart: ChartSide, old: Side) -> ChartSide:
    """The chart under the name and namespace of the release that is its before side, where none was
    given."""
    if not isinstance(old, ManifestSide) or old.history is None:
        return chart
    if chart.release != UNNAMED:
        name = chart.release
    else:
        name = old.history.name or UNNAMED
    if chart.namespace == default_namespace():
        namespace = old.history.namespace
    else:
        namespace = ""
    return replace(chart, release=name, namespace=namespace or chart.namespace)


def resolve(spec: str, chart: ChartSide, workspace: Workspace, helm: str = "") -> Side:
    """The side that `spec` names, read as the design's SIDE; raises SourceError where there is
    none."""
    if spec == "-":
        return from_stdin()
    if spec.startswith("git:"):
        repository = _repository(chart, workspace, helm)
        revision = named_revision(repository, spec.removeprefix("git:"))
        return _at(repository, revision, chart, workspace, helm)
    if spec.startswith("release:"):
        return from_cluster(spec, find_helm(helm if helm != "embedded" else ""))
    path = Path(spec)
    if path.is_dir() or path.is_file() or is_stream(spec):
        return _on_disk(path, replace(chart, chart=spec, label=spec), workspace, helm)
    _check_path(spec)
    if not _can_be_pulled(spec, chart):
        raise SourceError(
            f"no chart there: {spec} is no file, no directory and no chart reference",
            remedy="name a chart directory, an archive, oci://..., REPO/CHART, or a name with"
            " --repo",
            file=spec,
        )
    _check_values(chart)
    return _reference(spec, chart)


def _can_be_pulled(spec: str, chart: ChartSide) -> bool:
    """Whether `helm pull` would take it for a chart: a reference, or a name in the --repo."""
    return bool(_REFERENCE.fullmatch(spec) or (chart.repo and "/" not in spec))


def _reference(spec: str, chart: ChartSide) -> ChartSide:
    """A chart that helm pulls; a version in the reference (`oci://...:1.2.3`, `repo/name@1.2.3`)
    beats --version.

    Not so in what helm itself will be given for the upgrade: it refuses a tag together with another
    --version.
    """
    label = without_logins(spec)
    match = _VERSIONED.fullmatch(spec)
    if match and match["name"]:
        return replace(chart, chart=match["name"], version=match["version"], label=label)
    if match and spec != chart.chart:
        return replace(
            chart, chart=spec, version="", extra=tuple(_without_devel(chart.extra)), label=label
        )
    if _says_version(spec):
        return replace(chart, chart=spec, label=label)
    if chart.version:
        version = f"--version {chart.version}"
    else:
        version = "(the newest version)"
    return replace(chart, chart=spec, label=f"{label} {version}")


def _says_version(reference: str) -> bool:
    """Whether a reference names one version, whatever `--version` says."""
    return bool(_VERSIONED.fullmatch(reference)) or reference.endswith(_ARCHIVE)


def _without_devel(extra: Iterable[str]) -> Iterable[str]:
    return (argument for argument in extra if argument != "--devel")


def _on_disk(path: Path, chart: ChartSide, workspace: Workspace, helm: str) -> Side:
    if path.name.endswith(_ARCHIVE):
        _check_values(chart)
        return chart
    if (path / "Chart.yaml").is_file():
        _check_values(chart)
        if not may_lack(path):
            return chart
        return with_dependencies(chart, workspace, helm)
    if path.is_dir():
        if (path / "templates").is_dir():
            raise SourceError(
                "no chart there: Chart.yaml is missing", remedy="check the path", file=str(path)
            )
        return from_directory(path)
    side = from_file(path)
    if is_record(side.text[0][1]):
        return from_record(side.text[0][1], str(path))
    return side


def _by_name(before: str, chart: ChartSide, workspace: Workspace, helm: str) -> tuple[Side, Side]:
    """Both sides where the before side is named, and is no revision."""
    old = resolve(before, chart, workspace, helm)
    trust(workspace, old)
    new = resolve(chart.chart, _as_released(chart, old), workspace, helm)
    is_pulled_twice = before == chart.chart and isinstance(old, ChartSide) and _is_gone(before)
    if is_pulled_twice and not _says_version(before):
        raise SourceError(
            f"both sides are {old.label}: a version is never compared with itself",
            remedy="name the version that runs:"
            " --before oci://...:VERSION, REPO/CHART@VERSION or NAME@VERSION",
        )
    return old, new


def _by_git(
    name: str, chart: ChartSide, workspace: Workspace, branch: str, helm: str
) -> tuple[Side, Side]:
    """Both sides where the before side is a revision: the named one, or the default one where
    `name` is ""."""
    repository = _repository(chart, workspace, helm)
    paths = depends_on(repository, chart)
    try:
        revision = _before_revision(repository, name, paths, branch)
    except SourceError:
        head = repository.commit("HEAD")
        if not head or not _is_deleted(repository, head, chart.chart):
            # a chart or values file that is nowhere is said first
            resolve(chart.chart, chart, workspace, helm)
        raise
    is_deleted = _is_deleted(repository, revision.commit, chart.chart)
    if _is_gone(chart.chart) and not is_deleted:
        resolve(chart.chart, chart, workspace, helm)  # what is no chart is said first here too
        raise unknown_before(chart)
    _check_changed(repository, revision, paths)
    before = _at(repository, revision, chart, workspace, helm)
    trust(workspace, before)
    if not name and is_staged(revision) and repository.state(paths).untracked:
        return before, _at(repository, Revision("", "the index"), chart, workspace, helm)
    if is_deleted:
        return before, EmptySide(chart.chart, (f"{chart.chart} is gone since {revision.label}",))
    return before, resolve(chart.chart, chart, workspace, helm)


def _before_revision(repository: Repository, name: str, paths: list[str], branch: str) -> Revision:
    """The revision called `name`, or the default one where that is ""."""
    if name:
        return named_revision(repository, name)
    return default_revision(repository, paths, branch)


def _is_deleted(repository: Repository, commit: str, spec: str) -> bool:
    """Whether a path that a commit holds (the index where it is "") is gone from the work tree."""
    return _is_gone(spec) and repository.has(commit, repository.path_of(spec))


def _check_changed(repository: Repository, revision: Revision, paths: list[str]) -> None:
    """Raise SourceError where the work tree holds at `paths` what the revision does."""
    if revision.commit == repository.commit("HEAD") and repository.state(paths).is_clean:
        raise SourceError(
            f"{revision.label} is what the work tree holds: a commit is never compared with itself",
            remedy="name an older revision with --before",
        )


def _at(
    repository: Repository, revision: Revision, chart: ChartSide, workspace: Workspace, helm: str
) -> Side:
    """The chart, or the manifests, at a revision."""
    if _is_chart(repository, revision, chart.chart):
        return at_revision(chart, repository, revision, workspace, helm)
    inside = path_inside(repository, chart.chart)
    checkout = Checkout(repository, revision.commit, workspace.directory())
    if not checkout.add(inside):
        return EmptySide(revision.label, (f"{inside} is new: {revision.label} does not have it",))
    copied = checkout.root / inside
    if copied.is_dir():
        side = from_directory(copied, f"{inside} at {revision.label}")
    else:
        side = from_file(copied)
    texts = tuple(
        (Path(file).relative_to(checkout.root).as_posix(), text) for file, text in side.text
    )
    return ManifestSide(texts, label=revision.label)


def _is_chart(repository: Repository, revision: Revision, spec: str) -> bool:
    """Whether `spec` names a chart now or did at the revision (else it names manifests)."""
    path = Path(spec)
    if spec.endswith(_ARCHIVE) or (path / "Chart.yaml").is_file():
        return True
    if path.exists():
        return False
    inside = repository.path_of(spec)
    return repository.has(revision.commit, f"{inside}/Chart.yaml") or not repository.has(
        revision.commit, inside
    )


def _repository(chart: ChartSide, workspace: Workspace, helm: str) -> Repository:
    """The repository of the chart, or of the current directory; a chart that is nowhere is said
    first."""
    spec = chart.chart
    place = "." if is_reference(spec) else spec
    repository = workspace.once(
        ("repository", absolute_path(place)), lambda: find_repository(place)
    )
    if repository:
        return workspace.once(("repository of", repository.top), lambda: repository)
    resolve(spec, chart, workspace, helm)
    raise SourceError(
        f"{absolute_path('.' if _is_gone(spec) else spec)} is in no git repository",
        remedy="name the side to compare with: --before SIDE",
    )


def _is_gone(spec: str) -> bool:
    """Whether no such file is there (any more); true of references to charts too."""
    return not Path(spec).exists()


def with_streams(chart: ChartSide, workspace: Workspace) -> ChartSide:
    """Values from standard input or a pipe as files, so that both sides, and helm, can read
    them."""
    copies: dict[str, str] = {}

    def copied(name: str) -> str:
        if name in copies or not (name == "-" or is_stream(name)):
            return copies.get(name, name)
        file = workspace.directory() / "values.yaml"
        copies[name] = str(file)
        try:
            file.write_text(
                from_stdin().text[0][1] if name == "-" else read_text(Path(name)), "utf-8"
            )
        except OSError as error:
            raise disk_error(error) from error
        return str(file)

    values = replace(
        chart.values.with_set_files(copied), files=tuple(map(copied, chart.values.files))
    )
    return replace(
        chart, values=values, copies=tuple((path, name) for name, path in copies.items())
    )


def _check_values(chart: ChartSide) -> None:
    """Raise SourceError for a values file that is not there, before helm is started."""
    for file in chart.values.files:
        if "://" not in file and not Path(file).is_file():
            _check_path(file)
            if Path(file).is_dir():
                what = "is a directory"
            else:
                what = "no such file"
            raise SourceError(
                f"values file: {what}", remedy="check the path given by -f/--values", file=file
            )


def _check_path(spec: str) -> None:
    """Raise SourceError for a path that a symbolic link leads nowhere or in a circle."""
    if Path(spec).is_symlink():
        try:
            Path(spec).resolve(strict=True)
        except (OSError, RuntimeError) as error:
            if "loop" in str(error).lower() or "symbolic links" in str(error):
                why = "leads in a circle"
            else:
                why = "leads nowhere"
            raise SourceError(
                f"the symbolic link {why}", remedy="correct the link", file=spec
            ) from error
