"""Which settings a text of configuration holds, by its format."""

import time

import pytest

from policylint.kubernetes.settings.files import UnreadableTextError, settings_in, structure


def read(file, text):
    return {setting.name: setting.values for setting in settings_in(file, text)}


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("a.yaml", "a:\n  b: 1\n  ok: true\n", {"a.b": ("1",), "a.ok": ("true",)}),
        ("a.json", '{"a": ["x", "y"]}', {"a": ("x", "y")}),
        ("a.yaml", "a:\n- id: x\n  b: u\n", {"a": ("x",), "a[x].id": ("x",), "a[x].b": ("u",)}),
        ("a.toml", '[a]\nb = "c"\n', {"a.b": ("c",)}),
        ("a.ini", "; no\n[db]\nhost = pg ; why\n", {"db.host": ("pg",)}),
        ("a.properties", "log.dirs=/data\n# x=y\n", {"log.dirs": ("/data",)}),
        ("redis.conf", "maxmemory 4gb\n", {"maxmemory": ("4gb",)}),
        ("n.conf", "server {\n  listen 80;\n}\n", {"server.listen": ("80",)}),
        ("v.hcl", 'store "a" {\n  b = "/d"\n}\n', {"store": ("a",), 'store "a".b': ("/d",)}),
        ("a.xml", "<a><path>/data/</path></a>", {"path": ("/data/",)}),
        ("h.xml", "<p><name>dfs.x</name><value>3</value></p>", {"dfs.x": ("3",)}),
        ("policy.csv", "p, a\n\ng, b\n", {"policy.csv": ("p, a", "g, b")}),
        ("run.sh", "A=1\n", {}),
        ("a.yaml", "a: b: c\n", {}),
    ],
)  # fmt: skip
def test_settings_of_a_text(file, text, expected):
    assert read(file, text) == expected


@pytest.mark.parametrize(
    ("file", "text"), [("a.yaml", "a: b: c"), ("a.json", "{"), ("a.toml", "a = b")]
)
def test_a_text_that_is_not_of_its_format(file, text):
    with pytest.raises(UnreadableTextError):
        structure(file, text)


@pytest.mark.parametrize("piece", [" ", "a ", "<a", '"', "{", "a=", "[", "<name>"])
def test_hostile_texts_are_read_in_linear_time(piece):
    begin = time.perf_counter()
    settings_in("a.conf", piece * 60_000)
    settings_in("a.xml", "<" + piece * 60_000)
    assert time.perf_counter() - begin < 3
