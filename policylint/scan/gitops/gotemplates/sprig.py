"""The functions of sprig that are evaluated here, and the names of those that are not."""

from __future__ import annotations

from policylint.scan.gitops.gotemplates.functions import Functions
from policylint.scan.gitops.gotemplates.lists import LISTS
from policylint.scan.gitops.gotemplates.numbers import NUMBERS
from policylint.scan.gitops.gotemplates.standard import OF_GO, STANDARD
from policylint.scan.gitops.gotemplates.texts import TEXTS

_MUST = (
    *("append", "compact", "deepCopy", "first", "fromJson", "has", "initial", "last", "merge"),
    *("mergeOverwrite", "prepend", "push", "regexFind", "regexFindAll", "regexMatch"),
    *("regexReplaceAll", "regexReplaceAllLiteral", "rest", "reverse", "slice", "toJson", "uniq"),
    "without",
)
"""Functions that come with a twin that returns an error: `mustFirst`."""
_OWN = {**TEXTS, **LISTS, **NUMBERS}

SPRIG: Functions = {
    **STANDARD,
    **_OWN,
    **{f"must{name[0].upper()}{name[1:]}": _OWN[name] for name in _MUST},
}
"""What a template may call, text/template's own functions included."""

_RANDOM = "makes something else each time"
_CLOCK = "asks the clock"
_NOT_HERE = "is not evaluated here"
UNKNOWN = {
    **dict.fromkeys(
        (
            *("randAlphaNum", "randAlpha", "randAscii", "randNumeric", "randBytes", "randInt"),
            *("shuffle", "uuidv4", "bcrypt", "htpasswd", "encryptAES", "genPrivateKey", "genCA"),
            *("genCAWithKey", "genSelfSignedCert", "genSelfSignedCertWithKey", "genSignedCert"),
            *("genSignedCertWithKey", "buildCustomCert"),
        ),
        _RANDOM,
    ),
    **dict.fromkeys(("now", "ago", "date", "htmlDate"), _CLOCK),
    **dict.fromkeys(
        (
            *("dateInZone", "date_in_zone", "dateModify", "date_modify", "mustDateModify"),
            *("must_date_modify", "duration", "durationRound", "htmlDateInZone", "toDate"),
            *("mustToDate", "unixEpoch", "abbrev", "abbrevboth", "initials", "swapcase"),
            *("snakecase", "camelcase", "kebabcase", "wrap", "wrapWith", "adler32sum", "seq"),
            *("toDecimal", "add1f", "addf", "subf", "divf", "mulf", "biggest", "maxf", "minf"),
            *("round", "toPrettyJson", "toRawJson", "mustToPrettyJson", "mustToRawJson"),
            *("typeIsLike", "osBase", "osClean", "osDir", "osExt", "osIsAbs", "b32enc", "b32dec"),
            *("chunk", "mustChunk", "derivePassword", "decryptAES", "semver", "semverCompare"),
            *("regexSplit", "mustRegexSplit", "urlParse", "urlJoin", "hello", "slugify"),
            *("fromYaml", "fromYamlArray"),
            *OF_GO,
        ),
        _NOT_HERE,
    ),
}
"""Functions that there are, each with why what they return is not known here."""
