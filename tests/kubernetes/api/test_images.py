"""Names of images, taken apart."""

import pytest

from policylint.kubernetes.api import images

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("image", "parts"),
    [
        ("nginx", ("docker.io", "nginx", "")),
        ("nginx:1.27", ("docker.io", "nginx", "1.27")),
        ("acme/web:2", ("docker.io", "acme/web", "2")),
        ("ghcr.io/acme/web:2", ("ghcr.io", "ghcr.io/acme/web", "2")),
        ("localhost/web", ("localhost", "localhost/web", "")),
        ("reg:5000/web", ("reg:5000", "reg:5000/web", "")),
        (f"reg:5000/web:3@{DIGEST}", ("reg:5000", "reg:5000/web", "3")),
        (f"web@{DIGEST}", ("docker.io", "web", "")),
    ],
)
def test_its_parts(image: str, parts: tuple[str, str, str]) -> None:
    assert (images.registry(image), images.repository(image), images.tag(image)) == parts
