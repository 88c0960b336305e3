"""The rule cases of `fixtures/rules/`: how one is read and judged, for every kind of subject."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from policylint.engine.judging import Judging
from policylint.engine.registry import shipped
from policylint.kubernetes.manifests.reader import Text
from policylint.kyaml.load import load
from policylint.model import Apply, Target
from policylint.pipeline.judging.judge import Case, judge
from policylint.report.model import ReleaseReport

ROOT = Path(__file__).parents[1]
RULES = ROOT / "fixtures" / "rules"
DEFAULT_APPLY = {"3": Apply.CLIENT_SIDE, "4": Apply.SERVER_SIDE}


@dataclass(frozen=True)
class RuleCase:
    """One directory below `fixtures/rules/RULE/`; `fail-*` must be found, `pass-*` must not."""

    rule: str
    path: Path

    @property
    def fails(self) -> bool:
        return self.path.name.startswith("fail-")

    @property
    def id(self) -> str:
        return f"{self.rule}/{self.path.name}"

    def options(self) -> dict[str, str]:
        file = self.path / "case.yaml"
        return load(file.read_text(), str(file)) if file.exists() else {}

    def texts(self, side: str) -> tuple[Text, ...]:
        file = self.path / f"{side}.yaml"
        return (Text(f"{side}.yaml", file.read_text()),) if file.exists() else ()


def rule_cases() -> list[RuleCase]:
    return [
        RuleCase(rule.name, case)
        for rule in sorted(RULES.iterdir())
        for case in sorted(rule.iterdir())
        if case.name.startswith(("fail-", "pass-"))
    ]


def target(options: dict[str, str]) -> Target:
    line = options.get("helm", "4")
    apply = Apply(options["apply"]) if "apply" in options else DEFAULT_APPLY[line]
    return Target(
        options.get("kubernetes", "1.36"),
        line,
        apply,
        environment=options.get("environment", ""),
        force_conflicts="force-conflicts" in options,
    )


def judged(case: RuleCase, by: Judging | None = None) -> ReleaseReport:
    """The whole report of a case, every rule active unless said otherwise."""
    options = case.options()
    judging = by or Judging(shipped())
    subjects = tuple(_subjects(case))
    return judge(
        Case(
            "web",
            "default",
            target(options),
            case.texts("before"),
            case.texts("after"),
            before_crds=case.texts("before-crds"),
            after_crds=case.texts("after-crds"),
            live=case.texts("live"),
            subjects=subjects,
            rollout=_rollout(case),
        ),
        replace(judging, settings={case.rule: options.get("params", {})}),
    )


def _rollout(case: RuleCase):
    """How a tool rolls the release out: `rollout.yaml` has its name and its settings."""
    from policylint.model import Location
    from policylint.scan.gitops.rollout import Rollout

    file = case.path / "rollout.yaml"
    if not file.exists():
        return None
    told = load(file.read_text(), str(file))
    return Rollout(told["tool"], told.get("settings", {}), Location("cause", "release.yaml", 1))


def _gate(case: RuleCase):
    """What a change does to the gate: `gate-base.yaml` and `gate-now.yaml` are configurations."""
    from policylint.pipeline.configuration.basegate import gate_changes
    from policylint.pipeline.configuration.configfile import read
    from policylint.report.gate import GateChanges

    now, base = (read(case.path / f"gate-{name}.yaml") for name in ("now", "base"))
    return GateChanges(tuple(gate_changes(now, base)), "git:main", ".policylint.yaml")


def _waivers(case: RuleCase):
    """What there is to say in November 2026 of `waivers.yaml`, and of the comments of `beside.yaml`
    where there is one, in a check that finds nothing."""
    from datetime import date

    from policylint.config import Config
    from policylint.engine.criteria import Policy
    from policylint.engine.waivers import commented, sound
    from policylint.pipeline.configuration.configfile import with_waivers
    from policylint.pipeline.waiving import Settled, Waiving, review, rules_of_checks

    text = (case.path / "waivers.yaml").read_text()
    own = with_waivers(Config(), text, ".policylint/waivers.yaml").waivers
    file = case.path / "beside.yaml"
    lines = file.read_text().splitlines() if file.exists() else []
    beside = tuple(waiver for _, waiver in commented(enumerate(lines, 1), "values.yaml"))
    whole, flawed = sound(beside, Policy())
    settled = Settled((), inline=whole, flawed=flawed)
    waiving = Waiving(own, today=date(2026, 11, 1))
    return review([settled], waiving, rules_of_checks())


def _answers(file: Path):
    """What a cluster answered to dry runs, and what was forecast of the same objects."""
    from policylint.kubernetes.dryrun.ask import DryRun
    from policylint.kubernetes.dryrun.kubectl import Said
    from policylint.model import Answer, Cause, Outcome, ResourceId

    for row in load(file.read_text(), str(file)):
        causes = (Cause("spec", "Invalid", row["because"]),) if "because" in row else ()
        forecast = Answer(Outcome(row["forecast"]), causes)
        answer = Said(Outcome(row["upgrade"]), row.get("message", ""))
        yield DryRun(ResourceId("", row["kind"], "default", row["name"]), forecast, answer)


def _subjects(case: RuleCase):
    from policylint.scan.repository.registry import commands_of
    from policylint.scan.repository.routes import removals
    from policylint.scan.repository.together import in_repository
    from policylint.scan.repository.walk import scan

    if (command := case.path / "command.txt").exists():
        yield from (invocations := commands_of(command))
        yield from in_repository(invocations)
    if (room := case.path / "repo").is_dir():
        scanned = scan([room], room)
        assert scanned.failures == ()
        yield from (*scanned.invocations, *in_repository(scanned.invocations))
        yield from removals(scanned.invocations, [room], room)
    if (answers := case.path / "answers.yaml").exists():
        yield from _answers(answers)
    for name in ("history.json", "records.yaml", "records.json"):
        if (file := case.path / name).exists():
            from policylint.helm.history.claims import Releases
            from policylint.helm.history.read import read

            histories = read(file.read_text(), name, name="shop")
            yield from histories
            yield Releases(histories)
    if (case.path / "new").is_dir():
        yield from _values(case)
    if (file := case.path / "refused.yaml").exists():
        from policylint.helm.render.failed import FailedRender

        yield FailedRender(**load(file.read_text(), str(file)))
    if (case.path / "gate-base.yaml").exists():
        yield _gate(case)
    if (case.path / "waivers.yaml").exists():
        yield _waivers(case)
    if again := case.texts("after-again"):
        from policylint.helm.render.steady import UnsteadyRender, steady

        invocations = steady(case.texts("before"), case.texts("after"), "", again[0].text, "1.36")[
            2
        ]
        yield UnsteadyRender(invocations)
    if (file := case.path / "fleet.yaml").exists():
        yield _fleet(load(file.read_text(), str(file)))
    if "values" in case.options():
        from policylint.helm.values.unused import ValuesFiles, values_files

        invocations = values_files(str(case.path / name) for name in case.options()["values"])
        yield ValuesFiles(
            invocations.named,
            tuple(str(Path(name).relative_to(case.path)) for name in invocations.unnamed),
        )


def _fleet(members: list[dict]):
    """The releases of a run: name, environment, the objects each renders, the user's values of both
    sides."""
    from policylint.helm.values.tables import leaves
    from policylint.model import Impact, ResourceId
    from policylint.report.fleet import Fleet, Member
    from policylint.report.model import ChangeSummary

    def member(raw):
        changes = tuple(
            ChangeSummary(ResourceId(*row["object"]), row["change"], Impact.NONE)
            for row in raw.get("objects", ())
        )
        sides = (dict(leaves(raw.get(side, {}))) for side in ("before", "after"))
        return Member(
            raw["name"],
            raw.get("namespace", "default"),
            raw.get("environment", ""),
            "web",
            changes,
            *sides,
        )

    return Fleet(tuple(map(member, members)))


def _values(case: RuleCase):
    """The new chart, and the upgrade to it: charts in old/ and new/, user values in old.yaml and
    new.yaml."""
    from policylint.helm.inputs.sides import ValuesInput
    from policylint.helm.values.capabilities import ClusterQuestions
    from policylint.helm.values.chart import read_chart, read_values
    from policylint.helm.values.modes import Mode
    from policylint.helm.values.subject import change_of

    old, new, options = case.path / "old", case.path / "new", case.options()
    before, after = case.path / "old.yaml", case.path / "new.yaml"
    charts = [
        replace(read_chart(path), path=path.name) if path.is_dir() else None for path in (old, new)
    ]
    values_input = ValuesInput(
        files=("new.yaml",) if after.exists() else (),
        set=tuple(options.get("set", ())),
        set_string=tuple(options.get("set-string", ())),
    )
    yield charts[1]
    yield ClusterQuestions(
        charts[1], "kubernetes" in options, tuple(options.get("api-versions", ()))
    )
    yield change_of(
        charts[1],
        values_input,
        old=charts[0],
        old_user=read_values(before.read_text(), "old.yaml") if before.exists() else {},
        mode=Mode(options.get("mode", "default")),
        helm=options.get("helm", "4"),
        read=lambda name: (case.path / name).read_text(),
    )
