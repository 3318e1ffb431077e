"""User text never makes a page scroll sideways, and has the right direction."""

import pytest
from django.db.models.signals import pre_save

from tests.accounts.test_every_address import make_a_row_of_each
from tests.browser.steps import sign_in
from tests.factories import (
    confirm_url,
    make_published_voice,
    make_signature,
    make_staff,
    make_submission,
)
from voices.models import Signature, Submission, Voice
from voices.signatures import tokens

pytestmark = pytest.mark.django_db(transaction=True)

MARK = "Zq"
HOSTILE = {
    "slashes": "Accountability/transparency/responsibility/fairness/equality/justice",
    "one word": MARK + "x" * 598,
    "capitals": "W" * 600,
    "family": "👨\u200d👩\u200d👧\u200d👦" * 80,
    "no-break spaces": "justice\u00a0" * 75,
    "address": "https://example.org/" + "a/" * 280,
    "Chinese": "正義" * 300,
    "Arabic": "العدالة" * 80,
    "Persian, joined": "می\u200cخواهم\u200c" * 50,
    "marks": "a\u0301\u0323\u0308" * 150,
    "underscores": "_" * 599 + "a",
    "Thai": "ความยุติธรรม" * 45,
}
WORDS = ("name", "profession", "city", "statement", "text", "changes_asked", "subject")
WIDER = """() => [document.documentElement.scrollWidth - innerWidth,
  ...[...document.querySelectorAll("main *, #content *")]
    .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
    .filter((each) => !each.closest(".results, .visually-hidden, .trap, select, svg"))
    .map((each) => each.outerHTML.slice(0, 90)).slice(0, 3)]"""
# Where the text is shown in an element without dir="auto".
FIXED = """(mark) => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (texts.nextNode()) {
    const { data, parentElement: box } = texts.currentNode;
    let own = box.closest("[dir=auto], bdi, option, script, .breadcrumbs, h2");
    for (let each = box; each && !own; each = each.parentElement)
      own = getComputedStyle(each).unicodeBidi === "plaintext";
    if (data.includes(mark) && !own) found.push(box.outerHTML.slice(0, 120));
  }
  return found;
}"""


@pytest.fixture
def write():
    """Return a function that sets a text on every row, cut to each column's length."""
    said = []

    def fill(sender, instance, **kwargs):
        for field in sender._meta.concrete_fields:
            if said and field.name in WORDS and not field.choices:
                text = said[-1]
                setattr(instance, field.name, text[: field.max_length or 600].strip())

    pre_save.connect(fill)
    yield said.append
    pre_save.disconnect(fill)


def measure(page, paths):
    for path in paths:
        sign_in(page, path) if path.startswith("/admin/") else page.goto(path)
        for width in (320, 390):
            page.set_viewport_size({"width": width, "height": 800})
            sticks_out, *boxes = page.evaluate(WIDER)
            assert sticks_out <= 0, (path, width, boxes)
        assert not page.evaluate(FIXED, MARK), path


def test_pages_that_show_voices(page, write):
    for text in HOSTILE.values():
        write(text)
        make_published_voice(state="OH")
    write(HOSTILE["one word"])
    submission = make_submission()
    voice = make_published_voice(state="OH")
    signature = make_signature(voice=voice)
    Voice.objects.filter(pk=voice.pk).update(changes_asked=HOSTILE["one word"])
    voices = Voice.objects.order_by("pk")
    manage = f"/voices/manage/{tokens.managing.sign(signature.ref)}/"

    measure(
        page, ["/", "/voices/", "/voices/?state=OH&q=justice", confirm_url(submission)]
    )
    measure(page, [*(each.get_absolute_url() for each in voices), manage])
    measure(page, [f"/voices/{voices[0].pk}/report/"])
    assert Submission.objects.filter(name__startswith=MARK).exists()
    assert Signature.objects.filter(name__startswith=MARK).exists()


STAFF = ["awaitingvoice", "voice", "signature", "quarantinedsignature", "report"]


def test_lists_of_staff(page, write):
    write(HOSTILE["one word"])
    staff = make_staff(password="correct horse battery")
    make_a_row_of_each(staff)
    row = Voice.objects.earliest("pk").pk
    lists = [*STAFF, "rankingerror", "update", "watchedword"]

    measure(page, [f"/admin/voices/{name}/" for name in lists])
    measure(page, [f"/admin/voices/voice/{row}/change/"])
    measure(page, [f"/admin/voices/voice/decide/declined/?id={row}"])
