"""An image name that no container runtime can read.

What happens: the new pods never start: InvalidImageName.

Why: the tag is empty, is what a template or a shell left unfilled (<nil>, ${TAG}), is a number that
YAML rewrote (2.22e+06), or the name has capital letters or a scheme.

What to do instead: set the tag, as text in quotes.

Source: the grammar of github.com/distribution/reference.
"""

from collections.abc import Iterator

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.workloads import containers, pod_template, template_path
from policylint.model import Category, Created, Fix, Kept, Severity, Violation
from policylint.runtime.patterns import pattern

DOMAIN = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]+)?"
PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
TAG = r"[\w][\w.-]{0,127}"
DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
IMAGE = pattern(rf"(?:{DOMAIN}/)?{PART}(?:/{PART})*(?::{TAG})?(?:@{DIGEST})?")
LONGEST = 4096
"""Texts beyond are no names, and not worth matching."""


@rule(category=Category.DOWNTIME, severity=Severity.ERROR)
def check(change: Created | Kept, context: Context) -> Iterator[Violation]:
    """The image of a container that is new or changes does not follow the grammar of image
    names."""
    template = pod_template(change.after)
    if template is None or (isinstance(change, Kept) and not change.fields):
        return
    before = _images(change)
    for path, container in containers(template):
        image, name = container.get("image"), str(container.get("name"))
        if not isinstance(image, str) or not image or before.get(name) == image:
            continue
        if len(image) > LONGEST or not IMAGE.fullmatch(image):
            yield _unreadable(change, name, path, image)


def _images(change: Created | Kept) -> dict[object, object]:
    """The images of the before side by container."""
    if isinstance(change, Kept):
        template = pod_template(change.before)
    else:
        template = None
    return {
        str(container.get("name")): container.get("image")
        for _, container in containers(template or {})
    }


def _unreadable(change: Created | Kept, container: str, path: str, image: str) -> Violation:
    shown = image[:100]
    if image.endswith(":"):
        because, fix = "the tag after the colon is empty", "set the tag of the image"
    elif "<nil>" in image or "${" in image or "{{" in image:
        because, fix = "it holds a placeholder that nothing filled", "set the value it stands for"
    elif "e+" in image:
        because = "the tag was written as a number, and YAML wrote it in another notation"
        fix = "write the tag as text, in quotes"
    else:
        because = "it does not follow the grammar of image names: [host/]name[:tag][@digest]"
        fix = "correct the name of the image"
    return Violation(
        message=f"the new pods never start: the image of {container} is {shown!r}",
        because=because,
        path=f"{template_path(change.id.kind)}{path}/image",
        after=shown,
        fixes=(Fix(fix),),
    )
