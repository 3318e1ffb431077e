"""Colors: contrast, color vision deficiency, and distance, by published formulas."""

import re

from django.conf import settings

# sRGB (linear) to OKLab: Björn Ottosson, "A perceptual color space for image
# processing" (2020).
TO_CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
TO_LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
# Full severity, for linear sRGB: Machado, Oliveira, and Fernandes, "A
# Physiologically-based Model for Simulation of Color Vision Deficiency" (2009).
VISIONS = {
    "typical": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
    # On a gray printer: the luminance of sRGB.
    "gray": ((0.2126, 0.7152, 0.0722),) * 3,
}


def times(matrix, vector):
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def linear(color):
    """Return the linear components of a color such as "#fdfefb" or "#fff"."""
    digits = color.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]


def luminance(color):
    """Return the relative luminance that WCAG defines."""
    return times(VISIONS["gray"], linear(color))[0]


def contrast(one, other):
    """Return the contrast ratio that WCAG defines."""
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def lab(color, vision):
    seen = [min(max(c, 0), 1) for c in times(VISIONS[vision], linear(color))]
    return times(TO_LAB, [c ** (1 / 3) for c in times(TO_CONES, seen)])


def distance(one, other, vision="typical"):
    """Return the distance of two colors in OKLab, times 100.

    Two colors side by side can just be told apart at about 2.
    """
    pairs = zip(lab(one, vision), lab(other, vision), strict=True)
    return 100 * sum((a - b) ** 2 for a, b in pairs) ** 0.5


def read_tokens():
    """Return the color tokens of the style sheet for each scheme."""
    css = (settings.BASE_DIR / "static" / "site.css").read_text()
    start = css.index("@supports (color: light-dark")
    plain = dict(re.findall(r"--([\w-]+): (#\w+);", css[:start]))
    both = re.findall(r"--([\w-]+): light-dark\((#\w+), (#\w+)\);", css[start:])
    return {
        "plain": plain,
        "light": plain | {name: light for name, light, _ in both},
        "dark": plain | {name: dark for name, _, dark in both},
    }
