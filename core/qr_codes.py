"""Render QR codes as SVG, without inline styles, which the CSP blocks."""

from functools import lru_cache

from django.utils.safestring import SafeString, mark_safe
from qrcode import make  # type: ignore[import-untyped]
from qrcode.constants import ERROR_CORRECT_M  # type: ignore[import-untyped]
from qrcode.image.svg import SvgPathImage  # type: ignore[import-untyped]


@lru_cache(maxsize=100)
def qr_svg(text: str, label: str) -> SafeString:
    """Return a QR code for `text` as an SVG with the CSS class `qr-code`.

    The SVG has no margin (quiet zone).
    """
    image = make(
        text, image_factory=SvgPathImage, error_correction=ERROR_CORRECT_M, border=0
    )
    svg = image.get_image()
    # The style sheet sets the size.
    del svg.attrib["width"], svg.attrib["height"]
    svg.attrib |= {"class": "qr-code", "role": "img", "aria-label": label}
    return mark_safe(image.to_string(encoding="unicode"))  # noqa: S308 - escaped XML
