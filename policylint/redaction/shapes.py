"""Values that are secrets wherever they stand: told by their shape.

The prefixes of tokens are those that their makers document and that gitleaks' published rules list
(config/gitleaks.toml); what a public text may hold (digests, public keys, UUIDs) has no row here.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from policylint.runtime.patterns import pattern

Span = tuple[int, int]
"""Where a secret stands in a text: its first character and the one behind its last."""

_TOKENS = (
    ("ghp_ gho_ ghu_ ghs_ ghr_", r"(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{16,255}"),
    ("github_pat_", r"github_pat_\w{16,255}"),
    (
        "glpat- gldt- glrt- glcbt- glptt- glft- glimt- glagent- glsoat- glffct- gloas-",
        r"gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct|oas)-[\w-]{16,255}",
    ),
    ("xox", r"xox[abcdeoprs]-[\w-]{10,255}"),
    ("xapp-", r"xapp-[\w-]{10,255}"),
    ("hooks.slack.com/services/", r"(?<=hooks\.slack\.com/services/)[\w/]{10,255}"),
    ("hooks.slack.com/workflows/", r"(?<=hooks\.slack\.com/workflows/)[\w/]{10,255}"),
    ("discord.com/api/webhooks/", r"(?<=discord\.com/api/webhooks/)[\w/-]{20,255}"),
    ("discordapp.com/api/webhooks/", r"(?<=discordapp\.com/api/webhooks/)[\w/-]{20,255}"),
    ("AKIA ASIA ABIA ACCA", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}"),
    ("AIza", r"AIza[\w-]{35}"),
    ("ya29.", r"ya29\.[\w-]{20,512}"),
    ("GOCSPX-", r"GOCSPX-[\w-]{20,64}"),
    ("k_live_ k_test_", r"(?:sk|rk|pk)_(?:live|test)_\w{10,255}"),
    ("whsec_", r"whsec_[\w+/=]{16,255}"),
    ("npm_", r"npm_[A-Za-z0-9]{30,64}"),
    ("pypi-", r"pypi-[\w-]{40,512}"),
    ("rubygems_", r"rubygems_[a-f0-9]{48}"),
    ("_v1_", r"do[opr]_v1_[a-f0-9]{64}"),
    ("hf_", r"hf_[A-Za-z0-9]{30,64}"),
    ("sk-", r"sk-(?:proj-|ant-|or-|svcacct-)?[\w-]{0,16}[A-Za-z0-9]{20,255}"),
    ("SG.", r"SG\.[\w-]{16,64}\.[\w-]{16,64}"),
    ("hvb. hvs. hvr.", r"hv[bsr]\.[\w-]{20,512}"),
    (".atlasv1.", r"[A-Za-z0-9]{14}\.atlasv1\.[\w-]{40,255}"),
    (":A", r"\d{5,16}:A[\w-]{32,40}"),
    ("SK", r"SK[0-9a-f]{32}"),
    ("key-", r"key-[0-9a-f]{32}"),
    ("shpat_ shpca_ shppa_ shpss_", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    ("glc_ glsa_", r"gl(?:c|sa)_[\w+/=]{20,255}"),
    ("dapi", r"dapi[a-f0-9]{32}"),
    ("dckr_", r"dckr_(?:pat|oat)_[\w-]{20,64}"),
    ("dp.pt. dp.st. dp.ct. dp.sa.", r"dp\.(?:pt|st|ct|sa)\.[\w.-]{20,64}"),
    ("lin_api_", r"lin_api_[A-Za-z0-9]{30,64}"),
    ("NRAK- NRJS- NRII- NRIQ-", r"NR(?:AK|JS|II|IQ)-[A-Za-z0-9-]{20,64}"),
    ("PMAK-", r"PMAK-[a-f0-9-]{24,80}"),
    ("pul-", r"pul-[a-f0-9]{40}"),
    ("sntrys_ sntryu_", r"sntry[su]_[\w+/=-]{20,255}"),
    ("sq0", r"sq0[a-z]{3}-[\w-]{20,64}"),
    ("EAAA", r"EAAA[\w-]{56,64}"),
    ("Q~", r"\w{3}\dQ~[\w~.-]{31,34}"),
    ("M N O", r"[MNO][\w-]{23,25}\.[\w-]{6}\.[\w-]{27,40}"),
    ("ATATT3 ATCTT3 ATBB ATSTT3", r"AT(?:ATT3|CTT3|BB|STT3)[\w=-]{20,255}"),
    ("tskey-", r"tskey-(?:[a-z]+-)?[\w-]{16,128}"),
    ("HRKU-", r"HRKU-[\w-]{20,80}"),
    ("fo1_ fm1_ fm1r_ fm2_ fm2r_ FlyV1", r"(?:fo1_|fm[12]r?_|FlyV1 )[\w+/=,-]{20,512}"),
    ("AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[A-Z0-9]{50,64}"),
    ("ops_eyJ", r"ops_eyJ[\w+/=-]{20,2048}"),
    ("sbp_", r"sbp_[a-f0-9]{40}"),
    ("vercel_", r"vercel_[A-Za-z0-9]{24}"),
    ("cfut_ cfat_ cfput_ cfpat_", r"cfp?[ua]t_[\w-]{30,64}"),
    ("xkeysib-", r"xkeysib-[\w-]{30,128}"),
    ("ddp_", r"ddp_[A-Za-z0-9]{30,64}"),
    ("figd_", r"figd_[\w-]{30,64}"),
    ("ntn_", r"ntn_[A-Za-z0-9]{40,64}"),
    ("secret_", r"secret_[A-Za-z0-9]{40,64}"),
    ("hooks.slack.com/triggers/", r"(?<=hooks\.slack\.com/triggers/)[\w/]{10,255}"),
    ("/IncomingWebhook/", r"(?<=/IncomingWebhook/)[\w/-]{20,255}"),
    (
        "sk-proj- sk-ant- sk-or- sk-svcacct- sk-admin-",
        r"sk-(?:proj|ant|or|svcacct|admin)-[\w-]{20,300}",
    ),
    ("A3-", r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}"),
    ("p8e-", r"p8e-[A-Za-z0-9]{32}"),
    ("pat", r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}"),
    ("pat. sat.", r"[ps]at\.[\w-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}"),
    ("LTAI", r"LTAI[A-Za-z0-9]{20}"),
    ("AKCp", r"AKCp[A-Za-z0-9]{69}"),
    ("cmVmd", r"cmVmd[A-Za-z0-9]{59}"),
    ("ABSK", r"ABSK[\w+/=]{100,300}"),
    ("4b1d", r"4b1d[A-Za-z0-9]{38}"),
    ("CLOJARS_", r"CLOJARS_[A-Za-z0-9]{60}"),
    ("v1.0-", r"v1\.0-[a-f0-9]{24}-[a-f0-9]{146}"),
    ("duffel_", r"duffel_(?:test|live)_[\w=-]{40,64}"),
    ("dt0c01.", r"dt0c01\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{64}"),
    ("EZAK EZTK", r"EZ[AT]K[A-Za-z0-9]{54}"),
    ("EAA", r"EAA[A-Za-z0-9]{97,300}"),
    ("FLWSECK", r"FLWSECK(?:_TEST)?-[A-Za-z0-9]{12,40}(?:-X)?"),
    ("fio-u-", r"fio-u-[\w=-]{64}"),
    ("GR1348941", r"GR1348941[\w-]{20}"),
    ("api_org_", r"api_org_[A-Za-z]{34}"),
    ("ico-", r"ico-[A-Za-z0-9]{32}"),
    ("s-s4t2ud- s-s4t2af-", r"s-s4t2(?:ud|af)-[a-f0-9]{64}"),
    ("_mmk", r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk"),
    ("API-", r"API-[A-Z0-9]{26}"),
    ("sha256~", r"sha256~[\w-]{43}"),
    ("pplx-", r"pplx-[A-Za-z0-9]{48}"),
    ("pscale_", r"pscale_(?:tkn|oauth|pw)_[\w=.-]{32,64}"),
    ("pnu_", r"pnu_[A-Za-z0-9]{36}"),
    ("rdme_", r"rdme_[a-z0-9]{70}"),
    ("shippo_", r"shippo_(?:live|test)_[a-fA-F0-9]{40}"),
    ("sgp_", r"sgp_(?:(?:[a-fA-F0-9]{16}|local)_)?[a-fA-F0-9]{40}"),
    ("sm_", r"sm_[aps]at_[A-Za-z0-9]{16}"),
    ("tfp_", r"tfp_[\w=.-]{50,64}"),
    ("tk-us-", r"tk-us-[\w-]{48}"),
    ("AQVN", r"AQVN[\w-]{35,38}"),
    ("t1.", r"t1\.[\w-]{8,400}={0,2}\.[\w-]{86}={0,2}"),
    ("dnkey-", r"dnkey-[\w=-]{26}-[\w=-]{52}"),
    ("-us", r"[a-f0-9]{32}-us\d{1,2}"),  # Mailchimp
    ("%7C |", r"\d{15,16}(?:\||%7C)[\w-]{27,40}"),  # an app of Facebook
    ("bedrock-api-key-", r"bedrock-api-key-[\w+/=]{20,2048}"),
    ("nfp_ nfc_ nfo_ nfu_", r"nf[pcou]_[A-Za-z0-9]{36}"),  # Netlify
    ("bkua_ bkct_", r"bk(?:ua|ct)_[a-f0-9]{40}"),  # Buildkite
    ("CCIPAT_ CCIPRJ_", r"CCIP(?:AT|RJ)_[A-Za-z0-9]{22}_[a-f0-9]{40}"),  # CircleCI
    ("cio", r"cio[A-Za-z0-9]{32}"),  # crates.io
    ("oy2", r"oy2[a-z0-9]{43}"),  # NuGet
    ("sk.ey", r"sk\.ey[\w-]{20,255}\.[\w-]{20,64}"),  # Mapbox
    ("squ_ sqp_ sqa_", r"sq[upa]_[a-f0-9]{40}"),  # Sonar
    ("AVNS_", r"AVNS_[\w-]{19,30}"),  # Aiven
    ("BBDC-", r"BBDC-[\w+/]{40,60}"),  # Bitbucket Data Center
    ("CFPAT-", r"CFPAT-[\w-]{43}"),  # Contentful
    ("r8_", r"r8_[A-Za-z0-9]{37}"),  # Replicate
    ("re_", r"re_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}"),  # Resend
    (
        "ACDb +ABa +AMC +ASt APIM",
        r"[A-Za-z0-9+/]{76}(?:APIM|ACDb|\+(?:ABa|AMC|ASt))[A-Za-z0-9+/]{5}[AQgw]==",
    ),  # the mark of Azure in the keys of its accounts
    ("AIoT +ASb +AEh +ARm", r"[A-Za-z0-9+/]{33}(?:AIoT|\+(?:ASb|AEh|ARm))[A-Za-z0-9+/]{6}="),
    ("K10", r"K10[a-f0-9]{64}::\w{1,64}:[\w-]{8,128}"),  # k3s
    ("eyJ", r"eyJ[\w-]{8,4096}(?:\.[\w-]{0,8192}){2,4}"),  # JWT, JWE
)
"""(words of which a text must hold one, the token): few texts hold any, and the shapes of all of
them take 2 ms to compile."""
_PATTERNS = tuple(pattern(rf"(?<![A-Za-z0-9_])(?:{token})(?![A-Za-z0-9])") for _, token in _TOKENS)
_BY_WORD = tuple(
    (word, token)
    for (words, _), token in zip(_TOKENS, _PATTERNS, strict=True)
    for word in words.split()
)

_MADE = pattern(r"(?<=[a-z0-9][_-])[A-Za-z0-9]{28,255}(?![A-Za-z0-9])")
_MAKER = pattern(
    r"(?<![\w+/.-])(?<!sha256=)(?<!sha384=)(?<!sha512=)(?!sha\d)"
    r"[a-z][a-z0-9]{1,11}(?:[_-][a-z0-9]{1,11}){0,2}[_-]\Z"
)
_WORD = pattern(r"[A-Z]?[a-z]{3,}")
_MAKERS = 40
"""How many characters the name of a token's maker may have before the token."""
_PEM = pattern(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?"
    r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)"
    r"|-----BEGIN OpenVPN Static key V1-----.*?(?:-----END OpenVPN|\Z)"
    r"|PuTTY-User-Key-File-\d.*?(?:Private-MAC: ?\w+|\Z)",
    re.DOTALL,
)
_HASH = pattern(
    r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{31,53}|\$(?:1|5|6|y|7|apr1)\$[^\s:\"']{8,200}"
    r"|\$argon2(?:id|i|d)\$[^\s:\"']{20,300}|\{S?SHA(?:256|512)?\}[A-Za-z0-9+/=]{20,200}"
    r"|\bmd5[0-9a-f]{32}\b"  # a user of PostgreSQL
    r"|(?<=\{PLAIN\})\S{4,200}|(?<=\{CLEARTEXT\})\S{4,200}"
    r"|(?:SCRAM-SHA-256\$|pbkdf2(?:_sha256|:sha256)?[$:])[^\s\"']{20,300}"
)
_SCHEME = pattern(
    r"(?i)\b(?:proxy-)?authorization\\*+[\"']?[ \t]{0,8}[:=][ \t]{0,8}\\*+[\"']?"
    r"(?P<scheme>[a-z][\w-]{0,40}[ \t]{1,8})?(?P<secret>[^\r\n\"'\\]{4,4096})"
)
"""An Authorization header: what follows the scheme."""
_PARAMETERS = pattern(r"(?i)\b(?:response|signature|nonce|cnonce|mac|oauth_\w{1,40})=\"[^\"]{6,}\"")
_SCHEMES = (
    *("bearer", "basic", "token", "digest", "negotiate", "apikey", "geniekey", "splunk"),
    *("sso-key", "jwt"),
)
_BEARER = pattern(
    rf"(?i)\b(?:{'|'.join(_SCHEMES)})[ \t]{{1,8}}"
    r"(?P<secret>[A-Za-z0-9+/=._~-]{8,4096})"
)
_BOT = pattern(r"api\.telegram\.org/bot(?P<secret>\d{5,16}:[\w-]{20,64})")
_COOKIES = pattern(r"(?i)\bcookie\\*+[\"']?[ \t]{0,8}:[ \t]{0,8}(?P<cookies>[^\r\n\"']{8,4096})")
_SESSION = 16
"""From this length on, a cookie's value says who somebody is."""
_COOKIE = pattern(r"[\w.-]{1,100}=(?P<secret>[^;,\s\"'\\]{8,4096})")
_SIGNED = pattern(
    r"(?i)[?&;](?:amp;)?(?:sig|signature|x-amz-signature|x-amz-security-token|x-goog-signature"
    r"|code|auth|jwt|sas)=(?P<secret>[\w%+/=.~-]{16,4096})"
)
"""The signature of a signed address."""
_AUTH = pattern(
    r"(?:auth|identitytoken|registrytoken|password|username)\\*+[\"'][ \t\r\n]*:[ \t\r\n]*"
    r"\\*+[\"'](?P<secret>[^\"'\\]+)"
)
_LOGIN_QUERY = pattern(r"[?&]u=[^&\s]{0,200}&p=(?P<secret>[^&\s\"'\\]{1,1024})")
_JWK = pattern(r"\"(?:d|k|p|q|dp|dq|qi)\\*+\"[ \t\r\n]*:[ \t\r\n]*\\*+\"(?P<secret>[\w-]{16,4096})")
"""The private numbers of a JSON Web Key (RFC 7518)."""
_DIGEST = pattern(r"(?i)sha(?:1|224|256|384|512)[:-]|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_KEPT_AS_IS = pattern(
    r"\$\{?\(?\w|\$?\{\{|<[\w -]+>$|%\(\w+\)|@@?\w+@@?$|ref\+|vault:|!vault|op://"
    r"|(?:secret|kv)/[\w-]+/[\w/-]+$"  # a path in Vault
    r"|(?:~|\.{0,2})/(?:[a-z0-9._-]+/)+[a-z0-9._-]+$|\.{1,2}/[a-z0-9_-]+\.[a-z]{2,4}$"  # a file
    r"|(?:os\.|System\.)?(?:environ|[Gg]etenv)\b|process\.env\b|ENV\[|[A-Za-z_.]+\($"  # code
    r"|(?:raw_)?(?:input|prompt)\(|`[a-z./]+ |string[ ]\||[:@](?:\w+_)?(?:password|token|secret)$"
    r"|[#%]?\{\w*$|%s$|!(?:Ref|Sub|GetAtt|env)\b|\[?(?:redacted|REDACTED)$|([xX*•.#_-])\1*$"
    r"|(?:your|YOUR)[-_ ]"
    r"|arn:aws[\w-]*:[\w-]+:|file:/|<path:[^>]*>?$|ENC[\[(]"  # SOPS and Jasypt encrypt so
)


_SIGN = pattern(r"[!@#$%^&*+?~]")
"""Signs of passwords that stand in no name and no version."""


def token_like(value: str) -> bool:
    """Whether a value is as mixed as made-up secrets are, rather than a word, a path or a digest
    that says what it is."""
    text = value.strip()
    if not 12 <= len(text) <= 4096 or " " in text or _DIGEST.match(text):
        return False
    kinds = (any(map(str.isdigit, text)), any(map(str.isupper, text)), any(map(str.islower, text)))
    if sum(kinds) < 2 or not kinds[0]:
        return False
    return "://" not in text and not text.startswith(("/", "./")) and entropy(text) >= 3.0


def password_like(value: str) -> bool:
    """Whether a word is mixed as the passwords are that people make up, and no word of a sentence:
    three of digits, capitals, small letters and signs."""
    word = value.rstrip(".,:;!?")
    if not 8 <= len(value) <= 128 or " " in value or "/" in value or _DIGEST.match(word):
        return False
    has_sign = _SIGN.search(word) is not None
    kinds = (any(map(str.isupper, word)), any(map(str.islower, word)), has_sign)
    return any(map(str.isdigit, word)) and sum(kinds) >= 2


def entropy(text: str) -> float:
    """Shannon's entropy of a text's characters, in bits a character."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


def is_stand_in(value: str) -> bool:
    """Whether a value stands for one that comes from elsewhere: `$(VAR)`, `{{ .Values.x }}`."""
    return _KEPT_AS_IS.match(value.strip()) is not None


_ROWS = (
    ("PRIVATE KEY", _PEM, 0),
    ("PuTTY", _PEM, 0),
    ("OpenVPN", _PEM, 0),
    ("kty", _JWK, "secret"),
    ("&p=", _LOGIN_QUERY, "secret"),
    ("$", _HASH, 0),
    ("SHA", _HASH, 0),
    ("pbkdf2", _HASH, 0),
    ("md5", _HASH, 0),
    ("{PLAIN}", _HASH, 0),
    ("{CLEARTEXT}", _HASH, 0),
    ("auths", _AUTH, "secret"),
    ("telegram", _BOT, "secret"),
)
"""(a word that the text must hold, the shape, the group that is the secret)."""


def shape_spans(text: str) -> Iterator[Span]:
    """Where a text holds secrets that their shape tells."""
    yield from _token_spans(text)
    for word, shape, group in _ROWS:
        if word in text:
            yield from (match.span(group) for match in shape.finditer(text))
    if "=" in text and any(mark in text for mark in "?&;"):
        yield from (match.span("secret") for match in _SIGNED.finditer(text))
    yield from _header_spans(text)


def _token_spans(text: str) -> Iterator[Span]:
    tokens = [token for word, token in _BY_WORD if word in text]
    for token in dict.fromkeys(tokens):
        yield from (match.span() for match in token.finditer(text))
    for made in _MADE.finditer(text):
        maker = _MAKER.search(text, max(0, made.start() - _MAKERS), made.start())
        if maker and _is_made(made[0]):
            yield maker.start(), made.end()


def _is_made(text: str) -> bool:
    """Whether letters of both cases and digits follow one another as chance has it, and not as in
    words that are written together."""
    kinds = any(map(str.isdigit, text)), any(map(str.isupper, text)), any(map(str.islower, text))
    return all(kinds) and len("".join(_WORD.findall(text))) < 0.6 * len(text)


def _header_spans(text: str) -> Iterator[Span]:
    lowered = text.lower()
    if "authorization" in lowered:
        yield from _authorization_spans(text)
    if any(scheme in lowered for scheme in _SCHEMES):
        yield from _credential_spans(text)
    if "cookie" in lowered:
        yield from _cookie_spans(text)
    if '="' in text:
        yield from (parameter.span() for parameter in _PARAMETERS.finditer(text))


def _authorization_spans(text: str) -> Iterator[Span]:
    for header in _SCHEME.finditer(text):
        if is_stand_in(header["secret"]):
            continue
        if header["scheme"] or token_like(header["secret"]):
            yield header.span("secret")


def _credential_spans(text: str) -> Iterator[Span]:
    for credential in _BEARER.finditer(text):
        secret = credential["secret"]
        is_value = credential.string[max(0, credential.start() - 2) : credential.start()].strip()
        is_word = is_value[-1:] in (":", "=", '"', "'") and password_like(secret)
        if token_like(secret) or secret.endswith("=") or is_word:
            yield credential.span("secret")


def _cookie_spans(text: str) -> Iterator[Span]:
    for header in _COOKIES.finditer(text):
        for cookie in _COOKIE.finditer(text, *header.span("cookies")):
            if len(cookie["secret"]) >= _SESSION or token_like(cookie["secret"]):
                yield cookie.span("secret")
