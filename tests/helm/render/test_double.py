"""What differs from render to render is found by a second render, taken out of the comparison, and
said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylint.helm.engines.binary import HelmBinary, HelmRender
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.sides import ChartSide, ManifestSide, Side, ValuesInput
from policylint.helm.render.asking import asks_of_cluster
from policylint.helm.render.double import FUNCTIONS, can_differ
from policylint.helm.render.rendering import Rendering
from policylint.helm.render.steady import UnsteadyRender, steady
from policylint.helm.render.texts import both_sides
from policylint.kubernetes.manifests.reader import Text
from policylint.kyaml.load import split
from policylint.pipeline.configuration.settings import Settings
from policylint.pipeline.plan import Plan
from tests.helms import any_helm

RANDOM = Path(__file__).parents[3] / "fixtures" / "charts" / "random"


def chart(*sets: str) -> ChartSide:
    return ChartSide(str(RANDOM), ValuesInput(set=sets))


def rendered(before: Side, after: Side) -> tuple[str, str, list[str]]:
    with Rendering(
        Plan("web", "prod", before, after, Settings(Options(helm=any_helm().path)))
    ) as rendering:
        old, new = both_sides(rendering)
    return (
        "".join(text.text for text in old.texts),
        "".join(text.text for text in new.texts),
        list(new.notes),
    )


def bodies(text: str) -> list[object]:
    return [document.body() for document in split(text, "render")]


def test_random_passwords_and_certificates_are_no_difference() -> None:
    old, new, notes = rendered(chart(), chart())
    assert bodies(old) == bodies(new)
    certificate = "random/charts/certificate/templates/tls.yaml"
    assert notes == [
        "not compared, as it differs from render to render: "
        f"Secret tls /data/tls.crt, /data/tls.key ({certificate}); "
        "Secret random /stringData/password (random/templates/secret.yaml); "
        "ValidatingWebhookConfiguration hook /webhooks/0/clientConfig/caBundle "
        f"({certificate})"
    ]


def test_what_changes_beside_them_is_kept_and_lines_stay_where_they_were() -> None:
    plain = any_helm().render(chart("stamp=false")).text.splitlines()
    old, new, _ = rendered(chart("stamp=false"), chart("stamp=false", "colour=red"))
    assert bodies(old) == bodies(new)
    assert [
        number for number, line in enumerate(new.splitlines()) if line.startswith("# Source")
    ] == [number for number, line in enumerate(plain) if line.startswith("# Source")]


def test_a_password_that_is_fixed_now_is_not_compared_with_a_random_one() -> None:
    old, new, notes = rendered(chart(), chart("password=fixed-now"))
    assert bodies(old)[1] == bodies(new)[1]
    (note,) = notes
    assert "Secret random /stringData/password" in note
    assert "fixed-now" not in note


def test_a_chart_is_compared_with_manifests_in_the_same_way() -> None:
    manifest = any_helm().render(chart()).text
    old, new, notes = rendered(ManifestSide((("live.yaml", manifest),)), chart())
    assert bodies(old) == bodies(new)
    assert len(notes) == 1


@pytest.mark.parametrize(
    ("name", "before", "after", "renders"),
    [
        ("hooks", "weight=1", "weight=2", 2),
        ("webshop", "replicas=1", "replicas=1", 2),
        ("random", "x=1", "x=1", 4),
    ],
)
def test_only_sides_that_can_differ_and_do_are_rendered_again(
    name: str, before: str, after: str, renders: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[ChartSide] = []
    start = HelmBinary.start

    def counted(engine: HelmBinary, side: ChartSide) -> HelmRender:
        started.append(side)
        return start(engine, side)

    monkeypatch.setattr(HelmBinary, "start", counted)
    sides = (
        ChartSide(str(RANDOM.parent / name), ValuesInput(set=(value,))) for value in (before, after)
    )
    rendered(*sides)
    assert len(started) == renders


def texts(*documents: str) -> tuple[Text, ...]:
    return (
        Text(
            "render",
            "".join(f"---\n# Source: web/templates/a.yaml\n{document}\n" for document in documents),
        ),
    )


def secret(value: str, name: str = "a", more: str = "") -> str:
    return (
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}}}\nstringData:\n  key: {value}\n"
        f"{more}"
    )


def test_an_object_whose_name_is_random_is_left_out() -> None:
    first, second = (
        texts(secret("x"), secret("y", "job-abc")),
        texts(secret("x"), secret("y", "job-def")),
    )
    before, after, unsteady = steady(
        texts(secret("x"), secret("y", "job-old")), first, "", second[0].text, "1.36"
    )
    assert [document.body()["metadata"]["name"] for document in split(after[0].text, "after")] == [
        "a"
    ]
    assert str(UnsteadyRender(unsteady)) == (
        "not compared, as it differs from render to render: Secret its name (web/templates/a.yaml)"
    )
    assert before[0].text.count("\n") == texts(secret("x"), secret("y", "job-old"))[0].text.count(
        "\n"
    )


def test_items_of_a_list_are_matched_by_their_keys() -> None:
    def deployment(*env: tuple[str, str]) -> str:
        listed = "".join(f"            - {{name: {name}, value: {value}}}\n" for name, value in env)
        return (
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  template:\n"
            "    spec:\n"
            f"      containers:\n        - name: c\n          env:\n{listed}"
        )

    before = texts(deployment(("SALT", "old"), ("MODE", "slow")))
    after = texts(deployment(("NEW", "1"), ("MODE", "fast"), ("SALT", "one")))
    again = texts(deployment(("NEW", "1"), ("MODE", "fast"), ("SALT", "two")))
    _, levelled, unsteady = steady(before, after, "", again[0].text, "1.36")
    env = split(levelled[0].text, "after")[0].body()["spec"]["template"]["spec"]["containers"][0][
        "env"
    ]
    assert env == [
        {"name": "NEW", "value": 1},
        {"name": "MODE", "value": "fast"},
        {"name": "SALT", "value": "old"},
    ]
    assert [place.path for place in unsteady] == ["/spec/template/spec/containers/0/env/2/value"]


@given(
    st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=4, unique=True), st.data()
)
def test_only_what_differs_between_renders_is_levelled(
    keys: list[str], data: st.DataObject
) -> None:
    def draw() -> dict[str, int]:
        return {key: data.draw(st.integers(0, 2)) for key in keys}

    before, first, second = draw(), draw(), draw()
    render = [
        texts(f"kind: A\nmetadata: {{name: a}}\nspec: {value}") for value in (before, first, second)
    ]
    old, new, _ = steady(render[0], render[1], "", render[2][0].text, "1.36")
    wanted = {key: before[key] if first[key] != second[key] else first[key] for key in keys}
    assert split(new[0].text, "after")[0].body()["spec"] == wanted
    assert split(old[0].text, "before")[0].body()["spec"] == before


def written(tmp_path: Path, template: str, values: str = "") -> ChartSide:
    (tmp_path / "templates").mkdir(exist_ok=True)
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: a\nversion: 0.1.0\n")
    (tmp_path / "templates" / "a.yaml").write_text(template)
    (tmp_path / "values.yaml").write_text(values)
    return ChartSide(str(tmp_path))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_function_that_can_differ_is_seen(function: str, tmp_path: Path) -> None:
    assert can_differ(written(tmp_path, f"a: {{{{ {function} 5 }}}}"))
    assert can_differ(written(tmp_path, f"a: {{{{- $x := (b64enc ({function})) | quote -}}}}"))
    assert can_differ(written(tmp_path, "a: {{ tpl .Values.a . }}", f"a: '{{{{ {function} }}}}'"))


@pytest.mark.parametrize(
    "template",
    [
        "# it is now or never, keys and values",
        "a: {{ .Values.now }} {{ $date }} {{ .Values.keys | quote }}",
        "{{/* now we list the keys */}}{{- /* date */ -}}",
        (
            'a: {{ include "web.values" . }}{{ derivePassword 1 "long" "x" "y" "z" }}{{ lookup '
            '"v1" "Secret" "" "" }}'
        ),
    ],
)
def test_words_that_are_no_calls_are_not_taken_for_one(template: str, tmp_path: Path) -> None:
    assert not can_differ(written(tmp_path, template))


def test_a_chart_that_helm_pulls_may_differ() -> None:
    assert can_differ(ChartSide("oci://registry.example/web"))


def test_definitions_count_only_where_a_template_opens_files(tmp_path):
    chart = tmp_path / "web"
    for name in ("templates", "crds"):
        (chart / name).mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 1.0.0\n")
    (chart / "crds" / "a.yaml").write_text("description: {{ randAlphaNum 8 }}\n")
    (chart / "templates" / "a.yaml").write_text("kind: ConfigMap\n")
    assert not can_differ(ChartSide(str(chart)))
    (chart / "templates" / "b.yaml").write_text('{{ tpl (.Files.Get "crds/a.yaml") . }}\n')
    assert can_differ(ChartSide(str(chart)))


def test_links_that_lead_back_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "charts").mkdir()
    for name in "abc":
        (tmp_path / "charts" / name).symlink_to(".")
    assert not can_differ(ChartSide(str(tmp_path)))


@pytest.mark.parametrize(
    "kind", ["pipe", "device", pytest.param("folders", marks=pytest.mark.heavy)]
)
def test_what_has_no_end_is_not_read(kind: str, tmp_path: Path) -> None:
    """Before helm is asked: it refuses such a chart, or does not come to an end either."""
    templates = tmp_path / "templates"
    templates.mkdir()
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: endless\nversion: 1.0.0\n")
    if kind == "pipe":
        os.mkfifo(templates / "a.yaml")
    elif kind == "device":
        (templates / "a.yaml").symlink_to("/dev/zero")
    else:
        for number in range(20):
            (tmp_path / f"level{number}").mkdir()
        for number in range(19):
            for name in "ab":
                (tmp_path / f"level{number}" / name).symlink_to(tmp_path / f"level{number + 1}")
    side = ChartSide(str(tmp_path))
    assert asks_of_cluster(side)
    assert can_differ(side)
