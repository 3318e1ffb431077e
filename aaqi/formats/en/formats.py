"""Let forms accept times with AM or PM, in addition to Django's input formats."""

from django.conf.locale.en import formats  # type: ignore[import-untyped]

TIME_INPUT_FORMATS = [
    *formats.TIME_INPUT_FORMATS,
    *("%I:%M %p", "%I:%M%p", "%I %p", "%I%p"),
]
# Django's own formats come first, because a form field shows its initial value in the
# first format of the list.
DATETIME_INPUT_FORMATS = [
    *formats.DATETIME_INPUT_FORMATS,
    *(f"{d} {t}" for d in formats.DATE_INPUT_FORMATS for t in TIME_INPUT_FORMATS),
]
