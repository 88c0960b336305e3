"""Which keys name a secret: the words of passwords, tokens and keys, read word by word.

`passwordSecretName` says where a secret is, `compass` is no `pass`, `MYSQL_ROOT_PASSWORD`,
`rootPassword` and `rootpassword` are one name. The words are those of the key names in Helm charts,
of detect-secrets' keyword detector and of gitleaks' generic rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

from policylint.runtime.patterns import pattern

MASK = "(redacted)"
"""What stands in place of a secret in everything that a user sees."""
SHORTEST = 6
"""Shorter values are masked where they stand, but not searched for in other text."""


def word_set(words: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(words.split())


_STRONG = word_set(
    "password passwords passwd passwds passwort passcode passphrase passphrases pass pwd pw "
    "authtok secret secrets token tokens credential credentials creds apikey apikeys dsn psk jwt "
    "contraseña contraseñas contrasena kennwort wachtwoord senha hasło lösenord пароль 密码"
)
_PAIRS = frozenset(
    (first, last)
    for first in word_set(
        "api access account aes auth authentication client database db encryption decryption "
        "deploy hmac license licence master priv private rsa service session shared signing ssh "
        "preshared storage subscription unseal webhook"
    )
    for last in ("key", "keys")
) | {
    ("connection", "string"),
    ("connection", "strings"),
    ("conn", "str"),
    ("snmp", "community"),
    ("erlang", "cookie"),
}
_JOINED = pattern(
    r".+(?:passw(?:or)?ds?|passphrase|secrets?|tokens?|credentials?)"
    r"|.*(?:api|access|private|secret|auth|encryption|signing)keys?|connectionstring"
    r"|.*(?:admin|auth|bind|db|ftp|http|key|ldap|mail|mysql|pg|pgsql|postgres|rabbit|redis|require|root|smtp"
    r"|sql|store|trust|user)(?:pass|pw)"
)
"""Names that are written without a seam."""
_PLACES = word_set(
    "account age algorithm annotation annotations attribute audience bucket budget class claim "
    "column count dir directory disabled duration enable enabled encoding endpoint env "
    "expiration expires expiry field fields file filename files folder format generator header "
    "helper hint index interval issuer job jobs keyref kind label labels lifespan encoder "
    "decoder length lifetime limit location management manager max method min minutes mode "
    "mount mounts name names namespace optional path paths period policies policy prefix reqd "
    "property provider pub rate ref reference refs required reset review reviews rotation "
    "seconds selector service size source stdin store strength suffix template ttl type types "
    "uri url usage validator var variable version volume from warning"
)
"""Last words of keys whose values only say where a secret is, or what it is like."""
_COUNTED = word_set("ask automount checksum checksums has hide is print prints show shows use")
"""First words of such keys."""
_COUNTS = word_set("existing from max maximum min minimum num per total")
"""Words of such keys, wherever they stand."""
_HARMLESS = frozenset(
    (first, last)
    for first, lasts in {
        "proxy": ("pass",),
        "fastcgi": ("pass",),
        "uwsgi": ("pass",),
        "scgi": ("pass",),
        "grpc": ("pass",),
        "memcached": ("pass",),
        "pull": ("secret", "secrets"),
        "credentials": ("secret",),
        "tls": ("secret",),
        "old": ("pwd",),
        "public": ("key", "keys"),
    }.items()
    for last in lasts
)
"""nginx' upstreams, lists of names, a shell's directory."""
_WEAK = word_set("auth authorization cert certificate key private salt seed signature sig")
"""Words beside which a value is a secret where it looks like one."""
_HOLDERS = word_set(
    "credential credentials creds password passwords passphrase passphrases passwd token "
    "tokens apikey apikeys"
)
_OBJECT = pattern(r"[a-z]+(?:-[a-z]+)+")
"""A name as people give objects."""
_TALLY = pattern(r"\d{1,3}(?![^\s,;])|Test[A-Z]")
_SEAM = pattern(r"[A-Z]+(?![a-z])|[A-Z]?(?:(?![A-Z])[^\W\d_])+")


@cache
def words_of(key: str) -> tuple[str, ...]:
    """The words of a key in lower case: `MYSQL_ROOT_PASSWORD1` as mysql, root, password."""
    return tuple(word.lower() for word in _SEAM.findall(key[:256]))


def secret_key(key: object) -> bool:
    """Whether a key's name says that its plain value is a secret."""
    return isinstance(key, str) and _is_secret(key)


@cache
def _is_secret(key: str) -> bool:
    words = words_of(key)
    if not words or words_say_place(words):
        return False
    if "/" in key and words[-1] in ("secret", "secrets"):  # an annotation names the object
        return False
    if key in ("PWD", "OLDPWD"):  # the directory of a shell
        return False
    if any(pair in _HARMLESS for pair in pairwise(words)):
        return False
    return has_secret_word(words)


def has_secret_word(words: Sequence[str]) -> bool:
    """Whether one of the words, or two in a row, name a secret."""
    pairs = pairwise(words)
    if not _STRONG.isdisjoint(words) or any(pair in _PAIRS for pair in pairs):
        return True
    return any(_JOINED.fullmatch(word) for word in words)


def words_say_place(words: Sequence[str]) -> bool:
    """Whether the words of a key say where a secret is, or what it is like."""
    if words[0] in _COUNTED or words[-1] in _PLACES or not _COUNTS.isdisjoint(words):
        return True
    # passwordKey, tokenKeys: which entry of a Secret holds it; secretKey is one itself
    return words[-1] in ("key", "keys") and words[-2:-1] in (
        ("password",),
        ("passwords",),
        ("token",),
        ("username",),
        ("user",),
        ("id",),
        ("annotation",),
        ("label",),
        ("topology",),
    )


def counts_or_names(key: str, value: str) -> bool:
    """Whether the value of a secret-like key says how many there are (`tokens: 5`) or which object
    holds one (`apiKeySecret: api-keys`)."""
    *_, before, last = ("", *words_of(key))
    if (before, last) == ("", "pass"):  # how many did: PASS: 0 errors
        return _TALLY.match(value) is not None
    if last in ("secrets", "tokens", "passwords", "credentials"):
        return value.isdigit()
    holds = last == "secret" and before in ("key", "keys", "password", "passwords")
    return holds and _OBJECT.fullmatch(value) is not None


def places_secret(key: str) -> bool:
    """Whether a key only says where a secret is: its name, its file, its kind."""
    words = words_of(key)
    return bool(words) and words_say_place(words)


def weak_key(key: object) -> bool:
    """Whether a value of this key is a secret where it looks like one."""
    if not isinstance(key, str) or places_secret(key):
        return False
    words = words_of(key)
    return not _WEAK.isdisjoint(words) and _HARMLESS.isdisjoint(pairwise(words))


def holder_key(key: str) -> bool:
    """Whether a key holds nothing but secrets; `secret` and `secrets` mostly say where one is."""
    words = words_of(key)
    if not words or words_say_place(words) or "account" in words[-3:-1]:  # serviceAccountToken
        return False
    return words[-1] in _HOLDERS or words[-2:] in _PAIRS or _joined_holder(words[-1])


def _joined_holder(word: str) -> bool:
    return _JOINED.fullmatch(word) is not None and not word.endswith(("secret", "secrets"))
