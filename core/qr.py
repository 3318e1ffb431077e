"""QR codes as SVG for a page, without an inline style."""

from functools import cache

from django.utils.safestring import SafeString, mark_safe
from qrcode import make  # type: ignore[import-untyped]
from qrcode.constants import ERROR_CORRECT_M  # type: ignore[import-untyped]
from qrcode.image.svg import SvgPathImage  # type: ignore[import-untyped]


@cache
def qr_svg(text: str, label: str) -> SafeString:
    """Return the QR code of `text`, of class `qr-code`, without a quiet zone."""
    image = make(
        text, image_factory=SvgPathImage, error_correction=ERROR_CORRECT_M, border=0
    )
    svg = image.get_image()
    # The style sheet sets the size.
    del svg.attrib["width"], svg.attrib["height"]
    svg.attrib |= {"class": "qr-code", "role": "img", "aria-label": label}
    return mark_safe(image.to_string(encoding="unicode"))  # noqa: S308 - escaped by it
