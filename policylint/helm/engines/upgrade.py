"""Render as `helm upgrade` will: against a cluster on paper that holds the release as it stands.

`helm template` renders revision 1 of a release in no cluster: lookups find nothing, and the API
versions are those that Helm was built with. `helm upgrade --dry-run=server` (`helm install` where
the release is not there yet) asks a cluster for all of that and sends it nothing.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterator

from msgspec import Struct, json

from policylint.errors import SourceError
from policylint.helm.engines.binary import HelmBinary, Process
from policylint.helm.engines.command import check_extra, shown, template_argv
from policylint.helm.engines.confine import confine
from policylint.helm.engines.crds import are_own, own_crds
from policylint.helm.engines.engine import Engine, Pending, Rendered, asks_clusters
from policylint.helm.engines.failure import render_error
from policylint.helm.engines.papercluster import Kind, Lookup, PaperCluster
from policylint.helm.engines.text import decoded, warnings
from policylint.helm.inputs.names import chart_word, namespace_name, release_name
from policylint.helm.inputs.sides import ChartSide
from policylint.helm.inputs.workspace import Workspace
from policylint.runtime.patterns import pattern

_NO_CLUSTER_OF_THE_USERS = dict.fromkeys(
    (
        *("KUBECONFIG", "HELM_KUBECONTEXT", "HELM_KUBEAPISERVER", "HELM_KUBETOKEN"),
        *("HELM_KUBECAFILE", "HELM_KUBEASUSER", "HELM_KUBEASGROUPS", "HELM_KUBETLS_SERVER_NAME"),
    ),
    "",
)
_UNKNOWN_KIND = pattern(r'no matches for kind "(?P<kind>[^"]+)" in version "(?P<version>[^"]+)"')
_ATTEMPTS = 5
"""How often helm is run again for kinds that the cluster was not told of: helm names all that it
meets in one message, but a chart may render other kinds where it sees the first."""
_TEMPLATE_ONLY = ("--skip-tests",)


class _Hook(Struct):
    path: str
    manifest: str
    events: list[str] = []

    @property
    def is_test(self) -> bool:
        return bool(self.events) and all(event.startswith("test") for event in self.events)


class _Release(Struct):
    """What is read of the release that helm prints."""

    manifest: str = ""
    hooks: list[_Hook] = []


def start_over(engine: Engine, side: ChartSide, cluster: PaperCluster) -> Pending:
    """Begin to render what `helm upgrade` (or `install`) makes of what the cluster holds.

    Raises SourceError where the engine cannot ask a cluster without changing it.
    """
    if engine.name == "embedded":
        # By name: a run with a helm binary need not load it.
        embedded = importlib.import_module("policylint.helm.engines.embedded")
        pending: Pending = embedded.EmbeddedRender(side, engine.time_limit, cluster)
        return pending
    if not isinstance(engine, HelmBinary) or not asks_clusters(engine):
        raise SourceError(
            f"{engine.name} is Helm {engine.version}, which asks no cluster in a dry run",
            remedy="use Helm 3.13 or newer, or Helm 4 (--helm PATH)",
        )
    return UpgradeRender(side, engine, cluster)


class UpgradeRender:
    """One side's `helm upgrade --dry-run=server` under way."""

    def __init__(self, side: ChartSide, engine: HelmBinary, cluster: PaperCluster) -> None:
        check_extra(side.extra)
        confine(side)
        self._side = side
        self._engine = engine
        self._cluster = cluster
        self._workspace = Workspace()
        self._folder = self._workspace.directory()
        kubeconfig = self._folder / "kubeconfig"
        kubeconfig.write_text(cluster.kubeconfig, encoding="utf-8")
        self._argv = upgrade_argv(engine.path, side, cluster, str(kubeconfig))
        self._process = self._run()

    def _run(self) -> Process:
        self._cluster.asked.clear()
        # client-go keeps what a cluster serves, else in the user's home
        own = {"HELM_DRIVER": "secret", "KUBECACHEDIR": str(self._folder)}
        environment = {**_NO_CLUSTER_OF_THE_USERS, **own}
        return Process(self._argv, self._engine.time_limit, environment)

    @property
    def is_done(self) -> bool:
        """Whether helm has ended."""
        return self._process.has_ended

    def wait(self) -> Rendered:
        """The manifests; raises RenderError with helm's own message and the command."""
        for _ in range(_ATTEMPTS):
            code, out, err = self._process.wait()
            words = err.decode("utf-8", "replace")
            unknown = list(_unknown_kinds(words)) if code else []
            if not unknown:
                break
            self._cluster.serve(unknown)
            self._process = self._run()
        self._workspace.close()
        if code:
            raise render_error(words.strip(), self._shown_argv, self._side)
        text = _text(json.decode(out, type=_Release), self._side)
        crds = self._crds()
        whole = crds + text if self._side.include_crds else text
        notes = warnings(words, self._side)
        return Rendered(whole, crds, notes, shown(self._shown_argv, self._side))

    def _crds(self) -> str:
        """The text of crds/, which helm reads and an upgrade leaves out."""
        if are_own(self._side):
            return decoded(own_crds(self._side, b""), self._side)
        argv = [self._engine.path, "show", "crds", chart_word(self._side.chart)]
        for flag, value in (("--version", self._side.version), ("--repo", self._side.repo)):
            argv += [f"{flag}={value}"] if value else []
        code, out, err = Process(argv, self._engine.time_limit).wait()
        if code:
            raise render_error(err.decode("utf-8", "replace").strip(), argv, self._side)
        text = decoded(out, self._side).strip()
        if text:
            return f"---\n{text}\n"
        return ""

    @property
    def _shown_argv(self) -> list[str]:
        """The command that does about the same for whoever has no such cluster."""
        return template_argv(self._engine.path, self._side)

    def cancel(self) -> None:
        """End helm and leave nothing behind."""
        self._process.cancel()
        self._workspace.close()


def upgrade_argv(helm: str, side: ChartSide, cluster: PaperCluster, kubeconfig: str) -> list[str]:
    """The argument list that renders `side` against the cluster."""
    if cluster.release.revision:
        verb = ["upgrade", "--reset-values"]
    else:
        verb = ["install"]
    argv = [helm, *verb, release_name(side.release), chart_word(side.chart)]
    argv.append(f"--namespace={namespace_name(side.namespace)}")
    argv += ["--dry-run=server", "--output=json", f"--kubeconfig={kubeconfig}"]
    argv.append("--disable-openapi-validation")
    for flag, value in (("--version", side.version), ("--repo", side.repo)):
        argv += [f"{flag}={value}"] if value else []
    argv += [f"{flag}={value}" for flag, value in side.values.flags()]
    return [*argv, *(argument for argument in side.extra if argument not in _TEMPLATE_ONLY)]


def _unknown_kinds(words: str) -> Iterator[Kind]:
    for match in _UNKNOWN_KIND.finditer(words):
        yield Kind(match["version"], match["kind"])


def _text(release: _Release, side: ChartSide) -> str:
    """The release as `helm template` prints it: the manifest, then the hooks."""
    hooks = [] if "--no-hooks" in side.extra else release.hooks
    if "--skip-tests" in side.extra:
        hooks = [hook for hook in hooks if not hook.is_test]
    texts = (f"---\n# Source: {hook.path}\n{hook.manifest.strip()}\n" for hook in hooks)
    return release.manifest.rstrip("\n") + "\n" + "".join(texts)


def lookups_of_templates(cluster: PaperCluster, rendered: list[Lookup]) -> tuple[Lookup, ...]:
    """What templates asked for and the cluster does not hold.

    Before it would create an object, Helm itself asks for it, once: these requests are no
    template's. `rendered` are the objects of the render.
    """
    asked = Counter(lookup for lookup in cluster.asked if lookup not in cluster.objects)
    asked.subtract({lookup: 1 for lookup in rendered if lookup in asked})
    return tuple(lookup for lookup, count in asked.items() if count > 0)
