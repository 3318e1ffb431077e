"""How times may be typed in the admin, besides Django's own formats."""

from django.conf.locale.en import formats  # type: ignore[import-untyped]

TIME_INPUT_FORMATS = [
    *formats.TIME_INPUT_FORMATS,
    *("%I:%M %p", "%I:%M%p", "%I %p", "%I%p"),
]
# Django's own come first, because the first is how a form shows its value.
DATETIME_INPUT_FORMATS = [
    *formats.DATETIME_INPUT_FORMATS,
    *(f"{d} {t}" for d in formats.DATE_INPUT_FORMATS for t in TIME_INPUT_FORMATS),
]
