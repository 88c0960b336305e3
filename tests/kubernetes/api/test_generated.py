"""Which values of a Secret a template made at each render."""

import base64

import pytest

from policylint.kubernetes.api.generated import are_generated, is_generated
from policylint.model import FieldChange


@pytest.mark.parametrize(
    ("old", "new", "generated"),
    [
        ("hFC4OBUWVH", "OESEL9xBQH", True),
        ("q8Kd0Zx1Lm", "T3vB9nR2wa", True),
        ("Winter2024", "Summer2025", False),
        ("Winter24", "Autumn25", False),
        ("old-password", "new-password", False),
        ("password", "geheim12", False),
    ],
)
def test_passwords(old, new, generated):
    assert is_generated(old, new) is generated


def certificate(start: str) -> str:
    """The beginning of a certificate as DER has it, in PEM, as a Secret holds it."""
    der = b"\x30\x82\x01\x00\x30\x1e\x17\x0d" + start.encode() + b"Z\x17\x0d271121072922Z"
    body = base64.b64encode(der).decode()
    pem = f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"
    return base64.b64encode(pem.encode()).decode()


@pytest.mark.parametrize(
    ("old", "new", "generated"),
    [
        ("261121072922", "261121073001", True),
        ("260821072922", "261121072922", False),
    ],
)
def test_certificates_of_two_renders_begin_in_one_hour(old, new, generated):
    change = FieldChange("/data/tls.crt", "replace", certificate(old), certificate(new))
    assert are_generated([change]) is generated
