"""What a check is asked to do: the command line and the Python call in one frozen value."""

from __future__ import annotations

from msgspec import Struct, field

from policylint.helm.inputs.sides import ValuesInput
from policylint.model import Apply, Category, Severity


class Options(Struct, frozen=True):
    """The options of `policylint check`; empty values mean the defaults the command line
    documents."""

    after: str = ""
    """CHART or any other SIDE; "" checks every release of the configuration."""
    before: str = ""
    release: str = ""
    namespace: str = ""
    values: ValuesInput = field(default_factory=ValuesInput)
    version: str = ""
    repo: str = ""
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()
    include_crds: bool = False
    skip_crds: bool = False
    """An installation leaves out what lies in crds/."""
    post_renderer: str = ""
    helm: str = ""
    helm_version: str = ""
    apply: Apply | None = None
    force: bool = False
    force_conflicts: bool = False
    """Take what other managers own: Helm refuses that without server-side apply."""
    conflicts_taken: bool = False
    """Whoever sends the release forces conflicts wherever it applies server-side, as Flux and Argo
    CD do."""
    take_ownership: bool = False
    values_mode: str = ""
    rollback: str = ""
    live: tuple[str, ...] = ()
    crds: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    level: Category | None = None
    environment: str = ""
    fail_on: Severity | None = None
    strict: bool = False
    all_findings: bool = False
    """Show findings about what was there before too."""
    allow_empty: bool = False
    changed: bool = False
    everything: bool = False
    """All declared releases, not only those that the change touches."""
    offline: bool = False
    """Fetch no chart: take what the cache holds."""
    allow_private_sources: bool = False
    """Fetch charts from this machine and private networks where the repository declares it."""
    plan: str = ""
    """A plan of Terraform as JSON, whose helm releases are checked."""
    fetch: str = ""
    """declared, base or never: from which sources charts are fetched; "" for the default."""
    clusters: str = ""
    """A file with the clusters of Argo CD, for ApplicationSets that ask for them."""
    helmfile: bool = False
    """Let the user's helmfile build what only it understands."""
    changed_files: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    """The helm command that is about to run, given after `--`."""
    config: str = ""
    ask: str | None = None
    """The context of the user's kubectl whose cluster is asked; None asks nobody."""
    ask_log: str = ""
    """A file that gets a row of what the cluster answered."""
    no_waivers: bool = False
    """Every finding counts, waived or not."""
    no_baseline: bool = False
    """No finding is known."""
    shard: str = ""
    """I/N: the part of the releases that is judged."""
    executor: str = ""
    """dask://HOST:PORT: the scheduler of a cluster whose workers judge; "" for this machine."""
    no_cache: bool = False
    """Judge every release, whatever earlier runs came to."""
    config_from: str = ""
    """git:REV: the revision whose configuration judges."""
    extra: tuple[str, ...] = ()
    """Further arguments of `helm template`, such as `--skip-schema-validation`, passed on as they
    are."""
    jobs: int = 0
    """How many releases are judged at once; 0 for as many as there are processors."""
    timeout: float = 120.0
    """Seconds a render may take."""
    blame: int = 12
    """Renders that finding the causes of one release's findings may take."""
    time_limit: float = 1800.0
    """Seconds the whole run may take; 0 is no limit."""
