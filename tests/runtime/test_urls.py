"""URLs are read as Go reads them: each row was asked of net/url (Go 1.26)."""

from __future__ import annotations

import pytest

from policylint.runtime.urls import InvalidUrlError, Url, parse_reference, parse_request

_NO_SCHEME = "first path segment in URL cannot contain colon"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://a:80/b?c#d", Url("https", None, "a:80", "/b", "c", "d")),
        ("HTTPS://u:p@a", Url("https", "u:p", "a")),
        ("https://[fe80::1%25en0]:80/", Url("https", None, "[fe80::1%25en0]:80", "/")),
        ("x://a:1:2/", Url("x", None, "a:1:2", "/")),
        ("https:a", Url("https")),
        ("a/b:c", Url(path="a/b:c")),
        ("*", Url(path="*")),
        ("", Url()),
        ("///a", Url(path="///a")),
    ],
)
def test_parts(text: str, url: Url) -> None:
    assert parse_reference(text) == url


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (" https://a/b", _NO_SCHEME),
        ("a b:c", _NO_SCHEME),
        (":a", "missing protocol scheme"),
        ("https://a\n/", "net/url: invalid control character in URL"),
        ("https://a b/", 'invalid character " " in host name'),
        ("https://a:x/", 'invalid port ":x" after host'),
        ("https://a:1:2/", 'invalid port ":1:2" after host'),
        ("https://a%20b/", 'invalid URL escape "%20"'),
        ("https://a/%zz", 'invalid URL escape "%zz"'),
        ("https://a/#%", 'invalid URL escape "%"'),
        ("https://u@[1.2.3.4]/", "invalid IP-literal"),
        ("https://a[::1]/", "invalid IP-literal"),
        ("https://[::1/", "missing ']' in host"),
        ("https://u ser@a/", "net/url: invalid userinfo"),
    ],
)
def test_refusals(text: str, why: str) -> None:
    with pytest.raises(InvalidUrlError) as error:
        parse_reference(text)
    assert str(error.value) == why


def test_a_request_is_absolute_and_has_no_fragment() -> None:
    assert parse_request("/a#b") == Url(path="/a#b")
    assert parse_request("//a/b") == Url(path="//a/b")
    for text in ("", "a", "../b"):
        with pytest.raises(InvalidUrlError):
            parse_request(text)
