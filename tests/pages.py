"""Every page of the site, once for each of its templates and states.

Everything that checks pages iterates over this list: axe, the budgets, the screenshots,
the HTML checker, and the link checker. `tests/test_pages.py` fails if a page is
missing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from unittest import mock

from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.tokens import default_token_generator
from django.core.cache import cache
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import inviting
from accounts.models import Invitation
from accounts.roles import Role, make_roles
from core import networks
from faq.models import TEXTS as FAQ_TEXTS
from faq.models import Page as FaqPage
from rankings.models import Citation, Edition
from tests.abuse import make_invalidated, make_quarantined, set_limit
from tests.accounts.steps import (
    PASSWORD,
    add_app,
    add_passkey,
    make_member,
    note_session,
    sign_in,
)
from tests.factories import (
    approve_edit,
    check_url,
    confirm_url,
    make_citation,
    make_founding_request,
    make_founding_voice,
    make_published_voice,
    make_rankings,
    make_reason,
    make_signature,
    make_staff,
    make_submission,
    make_tag,
    make_voice,
    not_me_url,
    numbers,
    propose_edit,
)
from tests.faq.texts import (
    make_case,
    make_chart,
    make_entry,
    make_page,
    make_question,
)
from tests.rankings.files import edited, write
from voices.letters.repeats import stopping
from voices.letters.updates import unsubscribing
from voices.managing import changes
from voices.models import (
    AddressChange,
    AllowedNetwork,
    Arrival,
    Batch,
    BlockedDomain,
    BlockedNetwork,
    Letter,
    Limit,
    MonthFigure,
    RankingError,
    Reading,
    Report,
    Reveal,
    ReviewRule,
    Submission,
    Update,
    Voice,
    WatchedWord,
)
from voices.moderation import decide, verdicts
from voices.moderation.admin.selecting import Selection
from voices.moderation.readings import Verdict
from voices.signatures import tokens
from voices.signatures.models import Lane
from voices.wall.cursor import Position, encode

SHORT = "No one should have to find a twin case to be heard."
FLAGGED = "Call me at 614-555-0123, or ask the sheriff."
LONG = (
    "My brother did what he was told, with his hands where they could see them. What "
    "happened next is on video, and two judges said that it was wrong. Then they said "
    "that no earlier case was close enough, and that was all. No jury ever saw the "
    "video. I don’t want revenge; I want somebody to have to answer the question."
)
WORDY = (
    "It happened to my cousin, right in front of his house, and nobody ever had to "
    "answer for it, not then and not in the nine years since.\n\nWe asked a court."
)
BRIEF = (
    "It happened to my cousin, in front of his house, and nobody had to answer for it."
    "\n\nWe asked a court."
)


@dataclass(frozen=True)
class Page:
    """A page's path (called after its rows are made) and what to do there to see it.

    `trouble` is what the site that serves it lacks.
    """

    name: str
    path: Callable[[], str]
    status: int = 200
    then: Callable | None = None
    staff: bool = False
    trouble: str = ""


def at(name, *args, query=""):
    return lambda: reverse(name, args=args) + query


def press(name):
    """Press a button that goes to another page."""
    return lambda page: page.get_by_role("button", name=name, exact=True).click()


def check_and_press(label, name):
    def check_it_and_press(page):
        page.get_by_label(label).check()
        press(name)(page)

    return check_it_and_press


def correct_address(to):
    """Open the form for the right address, and send this one."""

    def open_fill_and_press(page):
        page.locator("summary", has_text="Wrong address?").click()
        page.get_by_label("Your email address").fill(to)
        press("Change the address")(page)

    return open_fill_and_press


def old_page_path():
    submission = make_submission()
    now = timezone.now()
    Submission.objects.filter(pk=submission.pk).close(None, corrected_at=now)
    return check_url(submission)


def press_sure(name):
    """Check the box that confirms an irreversible action, and press its button."""

    def tick_and_press(page):
        form = page.locator("form", has=page.get_by_role("button", name=name))
        form.get_by_role("checkbox").check()
        press(name)(page)

    return tick_and_press


def press_without_cookie(name):
    def forget_and_press(page):
        page.context.clear_cookies()
        press(name)(page)

    return forget_and_press


def send_elsewhere(action):
    """Submit one of our forms to an address that accepts none."""
    script = "(form, action) => { form.action = action; form.submit() }"
    return lambda page: page.locator("main form").first.evaluate(script, action)


def send_too_much(page):
    # Fill a hidden field, because the browser would take seconds to lay out a visible
    # one.
    script = "(field) => { field.value = 'x'.repeat(200000); field.form.submit() }"
    page.locator("[name=csrfmiddlewaretoken]").first.evaluate(script)


# Rows


def sessions_path():
    """The current session is listed already; add one on another machine."""
    elsewhere = Client()
    staff = get_user_model().objects.get(username="ruth")
    sign_in(elsewhere, staff)
    note_session(staff, elsewhere.session.session_key, "Firefox at home")
    return reverse("usersessions_list")


def voice(statement=SHORT):
    """A voice older than other dated ones, so that it comes last of them."""
    then = timezone.now() - timedelta(days=400)
    found = Voice.objects.filter(statement=statement).first()
    return found or make_published_voice(
        statement=statement, profession="Nurse", published_at=then
    )


def gone_voice():
    now = timezone.now()
    return make_voice(published_at=now, withdrawn_at=now, statement="")


def waiting_voice():
    found = Voice.objects.filter(statement=FLAGGED).first()
    return found or make_voice(statement=FLAGGED)


def signature(**fields):
    return make_signature(voice=make_voice(review_since=None), **fields)


def ten_minutes_ago():
    return timezone.now() - timedelta(minutes=10)


def stop_path():
    return token_path("stop-repeats", stopping, signature().pk)


def token_path(name, signer, signed):
    return reverse(f"voices:{name}", args=[signer.sign(str(signed))])


def manage_path(**fields):
    return token_path("manage", tokens.managing, signature(**fields).ref)


def withdrawn_path():
    mine = signature()
    changes.withdraw(mine)
    return token_path("manage", tokens.managing, mine.ref) + "?done=withdrawn"


def corrected_path():
    mine = make_signature(voice=make_published_voice(profession="Nurse"))
    changes.correct_details(mine, city="Reno", state="NV")
    return token_path("manage", tokens.managing, mine.ref)


def make_edit():
    """A moderator's edit that shortens a statement and corrects a city."""
    mine = make_signature(voice=make_published_voice(statement=WORDY, city="Columbs"))
    by = make_staff(f"by{next(numbers)}")
    return propose_edit(mine.voice, by, statement=BRIEF, city="Columbus")


def edit_path():
    edit = make_edit()
    return manage_edit_path(edit.voice.signature, edit.pk)


def staff_edit_path():
    return reverse("admin:voices_voice_change", args=[make_edit().voice_id])


def ended_edit_path():
    return manage_edit_path(signature(), 9_999_999)


def manage_edit_path(signature, pk):
    token = tokens.managing.sign(signature.ref)
    return reverse("voices:manage-edit", args=[token, pk])


def edited_path():
    """The page of a voice that its author let a moderator shorten."""
    mine = make_signature(voice=make_published_voice(statement=WORDY))
    approve_edit(mine.voice, make_staff(f"by{next(numbers)}"), statement=BRIEF)
    return mine.voice.get_absolute_url()


def declined_path():
    mine = make_signature()
    one = Voice.objects.filter(pk=mine.voice_id)
    decide.decline(one, make_staff(f"by{next(numbers)}"), make_reason(), tell=False)
    return token_path("manage", tokens.managing, mine.ref)


def invalidated_path():
    mine = make_invalidated(
        make_staff(f"by{next(numbers)}"), f"d{next(numbers)}.example"
    )
    return token_path("manage", tokens.managing, mine.ref)


def selected_path():
    make_signature(email=f"f{next(numbers)}@selected.example")
    return reverse(
        "admin:voices_invalidation_add", query={"domain": "selected.example"}
    )


def expired(make_path):
    def made_long_ago():
        then = timezone.now() - timedelta(days=90)
        with mock.patch("django.core.signing.time.time", then.timestamp):
            return make_path()

    return made_long_ago


def confirmed_path():
    submission = make_submission()
    submission.confirm()
    return confirm_url(submission)


def unused_form():
    """A form that another form of the same address closed."""
    email = f"unused{next(numbers)}@example.com"
    unused, used = (make_submission(email=email) for _ in range(2))
    used.confirm()
    return unused


def new_address_path():
    change = AddressChange.objects.create(
        signature=signature(), email="new@example.com", email_key="new@example.com"
    )
    return token_path("new-address", tokens.changing_address, change.ref)


def unsubscribe_path():
    return token_path("unsubscribe", unsubscribing, signature(updates=True).pk)


def report_path():
    return reverse("voices:report", args=[voice().pk])


def founding_voice():
    """One of the voices that `prepare` loads."""
    found = Voice.objects.on_the_wall().founding().in_wall_order().first()
    return found or make_founding_voice(1)


def founding_path():
    return reverse("voices:founding", query={"voice": founding_voice().pk})


def crowded_report_path():
    """A report page on which this machine has used up its limit of reports."""
    set_limit(Limit.Of.NETWORK_BURST, most=1)
    Arrival.objects.update_or_create(
        form=Arrival.Kind.REPORT,
        sender=Arrival.Sender.NETWORK,
        hash=networks.network_hash("127.0.0.1"),
        minute=timezone.now().replace(second=0, microsecond=0),
        slot=0,
        defaults={"count": 50},
    )
    return report_path()


def how_we_moderate_path():
    """The page with two months."""
    if not MonthFigure.objects.exists():
        MonthFigure.objects.bulk_create(
            MonthFigure(month=date(2026, month, 1), name=name, number=number)
            for month in (1, 2)
            for name, number in (
                *(("received", 1240), ("confirmed", 987), ("first-decisions", 800)),
                *(("published", 700), ("appealed", 3), ("median-wait-minutes", 320)),
            )
        )
    return reverse("how-we-moderate")


def older_path():
    newest = voice()
    cursor = encode(Position(newest.published_at + timedelta(days=1), newest.pk))
    return reverse("voices:list", query={"before": cursor})


def past_edition_path():
    """An edition older than the one that `prepare` loads."""
    found = Edition.objects.filter(date="2025-01-01").first()
    if not found:
        found = make_rankings(
            "2025-01-01",
            "An older edition",
            OH={"right_to_sue": "unclear"},
            TX={"right_to_sue": ""},
        )
    return reverse("rankings:edition", args=[found.date])


def moved_state_path():
    past_edition_path()
    return reverse("rankings:state", args=["ohio"])


PUBLIC = [
    Page("index", at("home")),
    # The subject
    Page("explainer", at("explained")),
    Page("faq", at("faq:questions")),
    Page("faq-search", at("faq:questions", query="?q=officers")),
    Page("faq-none", at("faq:questions", query="?q=zebra")),
    Page("question", at("faq:question", "split-second-decisions")),
    Page("search", at("search")),
    Page("search-found", at("search", query="?q=Texas")),
    Page("search-words", at("search", query="?q=police")),
    Page("search-none", at("search", query="?q=zebra")),
    Page("cases", at("faq:cases")),
    Page("cases-filtered", at("faq:cases", query="?state=CA&kind=police")),
    Page("cases-none", at("faq:cases", query="?state=WY")),
    Page("cases-no-such-state", at("faq:cases", query="?state=XX"), 404),
    Page("case", at("faq:case", "jessop-v-fresno")),
    Page("case-with-caveat", at("faq:case", "doe-v-woodard")),
    Page("share", at("share")),
    Page("poster", at("poster-poster")),
    Page("poster-table-tent", at("poster-table-tent")),
    Page("poster-tear-off", at("poster-tear-off")),
    Page("embed", at("embed")),
    Page("embed-dark", at("embed", query="?theme=dark")),
    Page("about", at("about")),
    Page("privacy", at("privacy")),
    Page("accessibility", at("accessibility")),
    Page("how-we-count", at("how-we-count")),
    Page("how-we-moderate", how_we_moderate_path),
    # Reading
    Page("voices", at("voices:list")),
    Page("voices-filtered", at("voices:list", query="?state=TX&q=court")),
    Page("voices-none", at("voices:list", query="?q=zebra")),
    Page("voices-corrected", at("voices:list", query="?q=Texsa")),
    Page("voices-state-none", at("voices:list", query="?state=AS")),
    Page("voices-older", older_path),
    Page("voice", lambda: voice().get_absolute_url()),
    Page("voice-long", lambda: voice(LONG).get_absolute_url()),
    Page("voice-edited", edited_path),
    Page("voice-founding", lambda: founding_voice().get_absolute_url()),
    Page("voice-gone", lambda: gone_voice().get_absolute_url(), 410),
    Page("report", report_path),
    Page("report-errors", report_path, 422, press("Send the report")),
    Page("report-thank-you", at("voices:report-thanks")),
    Page("founding", founding_path),
    Page("founding-errors", founding_path, 422, press("Send the request")),
    Page("founding-thank-you", at("voices:founding-thanks")),
    # Comparing the states
    Page("rankings", at("rankings:list")),
    Page("rankings-sorted", at("rankings:list", query="?sort=score")),
    Page("rankings-no-such-order", at("rankings:list", query="?sort=x"), 404),
    Page("rankings-past", past_edition_path),
    Page("state", at("rankings:state", "colorado")),
    Page("state-local-exception", at("rankings:state", "new-york")),
    Page("state-open-citations", at("rankings:state", "virginia")),
    Page("state-not-assessed", at("rankings:state", "idaho")),
    Page("state-past", lambda: past_edition_path() + "ohio/"),
    Page("state-moved", moved_state_path),
    Page("state-unknown", at("rankings:state", "atlantis"), 404),
    Page("compare", at("rankings:compare")),
    Page("compare-four", at("rankings:compare", query="?s=NM&s=TX&s=CA&s=ID")),
    Page("compare-nonsense", at("rankings:compare", query="?s=NM"), 400),
    Page("methodology", at("rankings:methodology")),
    Page("methodology-past", at("rankings:edition-methodology", date(2026, 11, 22))),
    Page("rankings-changes", at("rankings:changes")),
    Page("rankings-report", at("rankings-report", query="?state=NM")),
    Page(
        "rankings-report-errors",
        at("rankings-report"),
        422,
        press("Send the report"),
    ),
    Page("rankings-report-thank-you", at("rankings-report-thanks")),
    # Signing
    Page("add-your-voice", at("voices:add")),
    Page("add-your-voice-errors", at("voices:add"), 422, press("Sign the petition")),
    Page("check-your-email", lambda: check_url(make_submission())),
    Page(
        "check-your-email-errors",
        lambda: check_url(make_submission()),
        422,
        press("Confirm with the code"),
    ),
    Page(
        "check-your-email-again",
        lambda: check_url(make_submission(submitted_at=ten_minutes_ago())),
        then=press("Send the message again"),
    ),
    Page(
        "check-your-email-early",
        lambda: check_url(make_submission()),
        429,
        then=press("Send the message again"),
    ),
    Page(
        "wrong-address-errors",
        lambda: check_url(make_submission()),
        422,
        correct_address("nobody"),
    ),
    Page(
        "wrong-address-suggestion",
        lambda: check_url(make_submission()),
        422,
        correct_address("ana@gmial.com"),
    ),
    Page(
        "wrong-address-corrected",
        lambda: check_url(make_submission()),
        then=correct_address("right@example.com"),
    ),
    Page("wrong-address-twice", lambda: check_url(make_submission(corrections=2))),
    Page("wrong-address-old-page", old_page_path, 410),
    Page("confirm", lambda: confirm_url(make_submission())),
    Page(
        "confirm-unlisted",
        lambda: confirm_url(make_submission(name_display="unlisted", statement="")),
    ),
    Page("confirm-already", confirmed_path),
    Page("confirm-another", lambda: confirm_url(unused_form())),
    Page("confirm-expired", expired(lambda: confirm_url(make_submission())), 410),
    Page("confirm-unknown", at("voices:confirm", "x"), 404),
    Page("thank-you", at("voices:thanks")),
    Page("not-me", lambda: not_me_url(make_submission())),
    Page(
        "not-me-done",
        lambda: not_me_url(make_submission()),
        then=press("Delete it and don’t write again"),
    ),
    Page("not-me-unused", lambda: not_me_url(unused_form())),
    Page("not-me-unknown", at("voices:not-me", "x"), 404),
    Page("stop-repeats", stop_path),
    Page("stop-repeats-done", stop_path, then=press("Don’t tell me again")),
    Page("stop-repeats-unknown", at("voices:stop-repeats", "x"), 404),
    # Managing
    Page("manage-ask", at("voices:manage-ask")),
    Page("manage-ask-errors", at("voices:manage-ask"), 422, press("Email me the link")),
    Page("manage-sent", at("voices:manage-sent")),
    Page("manage", manage_path),
    Page("manage-saved", lambda: manage_path() + "?done=saved"),
    Page("manage-errors", manage_path, 422, press("Erase everything")),
    Page("manage-unlisted", lambda: manage_path(name_display="unlisted")),
    Page("manage-withdrawn", withdrawn_path),
    Page("manage-corrected", corrected_path),
    Page("manage-declined", declined_path),
    Page("manage-edit", edit_path),
    Page("manage-edit-approved", edit_path, then=press("Approve this edit")),
    Page("manage-edit-rejected", edit_path, then=press("Keep my words")),
    Page("manage-edit-ended", ended_edit_path, 410),
    Page("manage-appealed", declined_path, then=press("Appeal")),
    Page("manage-invalidated", invalidated_path),
    Page("manage-objected", invalidated_path, then=press("I signed this myself")),
    Page("manage-erase", manage_path, then=press_sure("Erase everything")),
    Page("manage-erased", at("voices:manage-erased")),
    Page("manage-expired", expired(manage_path), 410),
    Page("manage-unknown", at("voices:manage", "x"), 404),
    Page("new-address", new_address_path),
    Page("new-address-done", new_address_path, then=press("Yes, use this address")),
    Page("new-address-unknown", at("voices:new-address", "x"), 404),
    Page("unsubscribe", unsubscribe_path),
    Page("unsubscribe-done", unsubscribe_path, then=press("Stop these updates")),
    Page("unsubscribe-unknown", at("voices:unsubscribe", "x"), 404),
    # Errors
    Page(
        "403-form-kept",
        at("voices:add"),
        403,
        press_without_cookie("Sign the petition"),
    ),
    Page(
        "403",
        lambda: not_me_url(make_submission()),
        403,
        press_without_cookie("Delete it and don’t write again"),
    ),
    Page("404", lambda: "/none/", 404),
    Page("405", at("voices:manage-ask"), 405, send_elsewhere("/voices/")),
    Page("413", at("voices:add"), 413, send_too_much),
    Page(
        "429",
        crowded_report_path,
        429,
        check_and_press("Someone else wrote it", "Send the report"),
    ),
    Page("500", at("home"), 500, trouble="tables"),
    Page("503", at("home"), 503, trouble="database"),
    Page("503-signing-closed", at("voices:add"), 503, trouble="database"),
]

TEXTS = ["case", "chart", "page", "question", "timelineentry"]

# URLs that respond with something other than a page; they have their own tests.
NOT_PAGES = {
    # Staff see these rows only in a list.
    "admin:voices_heldsubmission_change",
    "voices:manage-data",
    "voices:feed",
    "voices:counts-csv",
    "voices:counts-json",
    "card",
    "voices:card",
    "faq:card",
    "rankings:card",
    "rankings:changes-feed",
    "sitemap",
    "sitemap-section",
    "robots",
    "security-txt",
    "aaqi.views.favicon",
    "rankings:data-csv",
    "rankings:data-json",
    "rankings:edition-csv",
    "rankings:edition-json",
    "operations.health.alive",
    "operations.health.ready",
    # These only take POST, or respond with the page of another URL.
    "accounts_end_session",
    "accounts_kept",
    "accounts_stay",
    "admin:logout",
    "admin:voices_invalidatedsignature_reveal",
    "admin:voices_invalidation_undo",
    "admin:voices_quarantinedsignature_reveal",
    "admin:voices_signature_reveal",
    "mfa_authenticate",
    "mfa_download_recovery_codes",
    "mfa_login_webauthn",
    "admin:autocomplete",
    "admin:jsi18n",
    "admin:view_on_site",
    "admin:voices_quarantinedsignature_settle",
    "admin:voices_voice_bulk",
    "admin:voices_voice_decide",
    "admin:rankings_assessment_process_import",
    *(f"admin:faq_{kind}_preview_new" for kind in TEXTS),
    # An email, as mail programs show it.
    "admin:voices_update_html",
}


# Staff


def draft():
    """A draft edition: a copy of the current one, except for Texas."""
    if found := Edition.objects.drafts().first():
        return found
    current = Edition.objects.current() or make_rankings()
    made = current.copy(timezone.localdate(), "A draft")
    texas = made.assessments.get(usps="TX")
    made.assessments.filter(pk=texas.pk).update(right_to_sue="unclear", year=2026)
    make_citation(texas, "A v. B, 1 Tex. 1 (2026)", to_verify=True)
    return made


def send_file(edit):
    """Upload the draft as an edited file."""

    def fill_in_and_send(page):
        cells = {"right_to_sue": "court", "immunity": "limited", "summary": "New."}
        data = write(edit(cells))
        file = {"name": "edited.csv", "mimeType": "text/csv", "buffer": data}
        page.get_by_label("CSV file").set_input_files(file)
        press("Preview the import")(page)

    return fill_in_and_send


def send_late(page):
    """Send a form as if its user had signed in again in another tab."""
    page.locator("[name=label]").fill("Hate")
    page.locator("[name=explanation]").fill("It attacks people for what they are.")
    page.context.clear_cookies(name="csrftoken")
    press("Save")(page)


def import_path():
    draft()
    return reverse("admin:rankings_assessment_import")


def publish_path():
    return reverse("admin:rankings_edition_publish", args=[draft().pk])


def check_path():
    citation = Citation.objects.filter(assessment__edition=draft()).last()
    return reverse("admin:rankings_citation_check", query={"id": citation.pk})


def make_a_row_of_each():
    """One row of each kind that staff may open, unless they exist already."""
    draft()
    if Update.objects.exists():
        return
    # Drafts made by staff, because fixtures can't be deleted.
    for make in (make_question, make_case, make_chart, make_entry):
        make(publish_at=None)
    if not FaqPage.objects.exists():
        make_page()
    inviting.invite("invited@example.org", Role.EDITOR)
    Reveal.objects.create(signature=signature(), by=make_staff("revealer"))
    make_reason()
    waiting_voice()
    Report.objects.create(voice=voice(), kind=Report.Kind.OTHER, text="Spam")
    set_limit(Limit.Of.ADDRESS_BURST, most=5)
    BlockedDomain.objects.create(domain="example.net")
    BlockedNetwork.objects.create(network="192.0.2.0/24")
    soon = timezone.now() + timedelta(days=7)
    AllowedNetwork.objects.create(network="198.51.100.0/24", until=soon)
    make_tag()
    WatchedWord.objects.create(words="sheriff")
    RankingError.objects.create(state="NM", text="The cap is another one now.")
    make_founding_request(founding_voice())
    Update.objects.create(subject="A bill in Ohio", body="It passed.")
    make_quarantined()
    make_submission(lane=Lane.HELD)
    make_invalidated(make_staff("invalidator"))
    Batch.objects.create(kind="declined", by=make_staff("batcher"), count=2)
    ReviewRule.objects.get_or_create()
    Reading.objects.create(
        voice=make_voice(),
        since=timezone.now(),
        first_by=make_staff("first"),
        first_verdict="published",
        second_by=make_staff("second"),
        second_verdict="declined",
        second_at=timezone.now(),
    )
    decide.publish(Voice.objects.filter(pk=make_voice().pk), make_staff("earlier"))


def review_path():
    """The review page of a voice with flags and two texts like its own."""
    words = "Officer Dow stole my phone. Call me at 404-555-0142 if he did it to you."
    voice = make_voice(statement=words, name="Ada Reyes")
    make_signature(voice=voice)
    make_voice(statement=words, name="Ben Ortiz")
    return f"{reverse('admin:review')}?voice={voice.pk}"


def superuser_request():
    request = HttpRequest()
    request.user = get_user_model()(is_active=True, is_staff=True, is_superuser=True)
    return request


def row_path(model_admin, view):
    def first_row_path():
        make_a_row_of_each()
        row = model_admin.get_queryset(superuser_request()).order_by("pk").last()
        assert row, f"There is no row for {model_admin.opts.model_name}."
        return reverse(admin_name(model_admin, view), args=[row.pk])

    return first_row_path


def version_path(model_admin):
    def first_version_path():
        make_a_row_of_each()
        row = model_admin.model.objects.order_by("pk").last()
        args = [row.pk, row.history.last().pk]
        return reverse(admin_name(model_admin, "simple_history"), args=args)

    return first_version_path


def admin_name(model_admin, view):
    return f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_{view}"


def invitation_path():
    make_roles()
    count = get_user_model().objects.count()
    return inviting.invite(f"invited{count}@example.org", Role.EDITOR).path


def used_invitation_path():
    path = invitation_path()
    Invitation.objects.filter(used_at=None).update(used_at=timezone.now())
    return path


def signed_in_staff():
    found = get_user_model().objects.filter(username="ruth").first()
    return found or make_staff("ruth")


def staff_with_passkey():
    """The signed-in staff member, with a passkey and no authenticator app."""
    user = signed_in_staff()
    Authenticator.objects.filter(user=user).delete()
    RecoveryCodes.activate(user)
    return user, add_passkey(user)


def own_path(name, *, of_key=False):
    def path():
        _, key = staff_with_passkey()
        return reverse(name, args=[key.pk] if of_key else [])

    return path


def path_with_app(name):
    def path():
        add_app(staff_with_passkey()[0])
        return reverse(name)

    return path


def sign_in_half_way(page):
    """Enter the password of somebody who also has an authenticator app."""
    cache.clear()
    page.get_by_label("User name").fill("half")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def half_path():
    if not get_user_model().objects.filter(username="half").exists():
        user = make_member(Role.EDITOR, "half")
        add_app(user)
        add_passkey(user)
    return reverse("account_login")


def again(page):
    """Reload, so that the page's rows are made again for each visit."""
    page.reload()


def new_password_path():
    user = signed_in_staff()
    token = default_token_generator.make_token(user)
    return reverse(
        "account_reset_password_from_key", args=[user_pk_to_url_str(user), token]
    )


def choose(action):
    """Check every row of a list, and run an action on them."""

    def tick_and_run(page):
        for box in page.locator("input.action-select").all():
            box.check()
        page.get_by_label("Action:").select_option(label=action)
        press("Run")(page)

    return tick_and_run


# The admin has one template for each of these, whatever the model.
ALIKE = {"history", "delete", "version"}
# Standard lists and forms of Django's: one model stands for all.
PLAIN = {
    *("accountevent", "addresssearch", "allowednetwork", "blockeddomain"),
    *("blockednetwork", "decision", "foundingrequest", "letter", "limit"),
    "mailprovider",
    *("rankingerror", "reason", "reveal", "sendingrate", "timelineentry"),
}


def pages_of_rows():
    """The admin's pages for each model, with identical ones listed only once."""
    seen = set()
    for model_admin in admin.site._registry.values():
        if model_admin.opts.model_name in PLAIN:
            continue
        for view, path in paths_of(model_admin).items():
            if view not in seen:
                yield Page(
                    f"staff-{model_admin.opts.model_name}-{view}", path, staff=True
                )
            seen.update({view} & ALIKE)


def paths_of(model_admin):
    may = superuser_request()
    paths = {"list": at(admin_name(model_admin, "changelist"))}
    if model_admin.has_view_permission(may, model_admin.model()):
        paths["change"] = row_path(model_admin, "change")
        paths["history"] = row_path(model_admin, "history")
    if model_admin.has_add_permission(may):
        paths["add"] = at(admin_name(model_admin, "add"))
    if model_admin.has_delete_permission(may):
        paths["delete"] = row_path(model_admin, "delete")
    if hasattr(model_admin.model, "history"):
        paths["preview"] = row_path(model_admin, "preview")
        paths["version"] = version_path(model_admin)
    return paths


def at_list(model):
    def list_path():
        make_a_row_of_each()
        return reverse(f"admin:voices_{model}_changelist")

    return list_path


def find_path():
    """A search that finds people with and without a voice, and their rows."""
    make_a_row_of_each()
    network = {"network_hash": "f" * 64}
    name = "Lucía Everywhere"
    one = make_published_voice(name=name, statement=LONG, reported_at=timezone.now())
    signed = make_signature(name=name, voice=one, **network)
    make_signature(name=name, voice=make_voice(name=name, statement=FLAGGED), **network)
    make_signature(name=name, name_display="unlisted")
    Report.objects.create(voice=one, kind=Report.Kind.OTHER, text="Spam")
    hashed = {"address_hash": signed.address_hash}
    Letter.objects.create(kind="published", signature=signed, **hashed)
    return reverse("admin:find", query={"name": "everywhere", "names": "full"})


def find_address(page):
    page.locator("[name=email]").fill("nobody@example.com")
    press("Find by address")(page)


def find_part_path():
    make_signature(email=f"everybody{next(numbers)}@example.com")
    return reverse("admin:find_part")


def search_part(page):
    page.locator("[name=part]").fill("everybody")
    page.locator("[name=reason]").fill("She wrote from another address.")
    press("Log and find")(page)


def staff_poster_path():
    return reverse("admin:voices_tag_poster", args=[make_tag().pk, "poster"])


def decide_path(kind):
    return lambda: reverse(
        "admin:voices_awaitingvoice_decide",
        args=[kind],
        query={"id": waiting_voice().pk},
    )


def bulk_path(kind):
    def path():
        ids = [waiting_voice().pk, voice().pk]
        at = timezone.now().isoformat()
        selection = Selection("awaitingvoice", ids, "", at).sign()
        return reverse(
            "admin:voices_awaitingvoice_bulk",
            args=[kind],
            query={"selection": selection},
        )

    return path


def undo_batch_path():
    batch = Batch.objects.create(kind="published", by=signed_in_staff(), count=2)
    return reverse("admin:voices_batch_undo", args=[batch.pk])


def update_path(view):
    def first_update_path():
        make_a_row_of_each()
        pk = Update.objects.earliest("pk").pk
        return reverse(f"admin:voices_update_{view}", args=[pk])

    return first_update_path


def texts_to_check_path():
    make_question(as_of="2025-01-02")
    return reverse("admin:texts_to_check")


def none_to_check_path():
    for model in FAQ_TEXTS:
        model.objects.update(as_of=None)
    return reverse("admin:texts_to_check")


def agreement_path():
    """The page with a voice that two readers disagree about."""
    voice = waiting_voice()
    one = Voice.objects.filter(pk=voice.pk)
    for verdict in (Verdict.PUBLISH, Verdict.CHANGES):
        by = make_staff(f"by{next(numbers)}")
        verdicts.give(one, by, verdicts.Wish(verdict, text="Shorten it."))
    make_reason()
    return reverse("admin:agreement")


STAFF = [
    Page("staff-login", at("admin:login")),
    Page("staff-index", at("admin:index"), staff=True),
    Page("staff-app", at("admin:app_list", "voices"), staff=True),
    Page("staff-figures", at("admin:figures"), staff=True),
    Page("staff-review", review_path, staff=True),
    Page("staff-review-none", at("admin:review", query="?only=disputes"), staff=True),
    Page("staff-my-day", at("admin:my_day"), staff=True),
    Page("staff-agreement", agreement_path, staff=True),
    Page("staff-find", at("admin:find"), staff=True),
    Page("staff-find-found", find_path, staff=True),
    Page("staff-find-address", find_path, then=find_address, staff=True),
    Page("staff-find-error", at("admin:find", query="?city=Akron"), 422, staff=True),
    Page("staff-find-part", at("admin:find_part"), staff=True),
    Page("staff-find-part-found", find_part_path, then=search_part, staff=True),
    Page("staff-texts-to-check", texts_to_check_path, staff=True),
    Page("staff-texts-none", none_to_check_path, staff=True),
    Page("staff-400", at("admin:index", query="?x=%00"), 400, staff=True),
    Page("staff-password", at("admin:password_change"), staff=True),
    Page("staff-password-done", at("admin:password_change_done"), staff=True),
    Page("staff-voice-edited", staff_edit_path, staff=True),
    Page("staff-decline", decide_path("declined"), staff=True),
    Page("staff-take-down", decide_path("taken-down"), staff=True),
    Page("staff-bulk-publish", bulk_path("published"), staff=True),
    Page("staff-bulk-decline", bulk_path("declined"), staff=True),
    Page("staff-batch-undo", undo_batch_path, staff=True),
    Page(
        "staff-reject",
        at_list("quarantinedsignature"),
        then=choose("Reject…"),
        staff=True,
    ),
    Page("staff-invalidate", selected_path, staff=True),
    Page("staff-kept", at("admin:voices_reason_add"), then=send_late, staff=True),
    Page("staff-import", import_path, staff=True),
    Page(
        "staff-import-preview",
        import_path,
        then=send_file(lambda cells: edited("TX", **cells)),
        staff=True,
    ),
    Page(
        "staff-import-errors",
        import_path,
        then=send_file(lambda cells: edited("AL", **cells | {"covers": "some"})),
        staff=True,
    ),
    Page("staff-publish", publish_path, staff=True),
    Page("staff-check", check_path, staff=True),
    Page(
        "staff-assessment-preview",
        lambda: reverse(
            "admin:rankings_assessment_change",
            args=[draft().assessments.get(usps="TX").pk],
        ),
        then=press("Preview points"),
        staff=True,
    ),
    Page("staff-poster", staff_poster_path, staff=True),
    Page("staff-send-update", update_path("send"), staff=True),
    *pages_of_rows(),
]
ACCOUNTS = [
    Page("account-login", at("account_login")),
    Page("account-login-errors", at("account_login"), then=press("Sign in")),
    Page("account-second-factor", half_path, then=sign_in_half_way),
    Page("account-closed", at("account_inactive")),
    Page("account-new-password", at("account_reset_password")),
    Page("account-new-password-sent", at("account_reset_password_done")),
    Page("account-new-password-choose", new_password_path, staff=True),
    Page("account-new-password-set", at("account_reset_password_from_key_done")),
    Page(
        "account-new-password-unknown",
        at("account_reset_password_from_key", "x", "x"),
        404,
    ),
    Page("account-invitation", invitation_path),
    Page("account-invitation-app", lambda: f"{invitation_path()}password/"),
    Page(
        "account-invitation-errors",
        lambda: f"{invitation_path()}password/",
        422,
        press("Set up my account"),
    ),
    Page("account-invitation-used", used_invitation_path, 410),
    Page("account-invitation-unknown", at("accounts_invitation", "x"), 404),
    Page("account", own_path("mfa_index"), staff=True, then=again),
    Page("account-keys", own_path("mfa_list_webauthn"), staff=True, then=again),
    Page("account-key-add", own_path("mfa_add_webauthn"), staff=True, then=again),
    Page(
        "account-key-rename",
        own_path("mfa_edit_webauthn", of_key=True),
        staff=True,
        then=again,
    ),
    Page(
        "account-key-remove",
        own_path("mfa_remove_webauthn", of_key=True),
        staff=True,
        then=again,
    ),
    Page("account-app-add", own_path("mfa_activate_totp"), staff=True, then=again),
    Page(
        "account-app-remove",
        path_with_app("mfa_deactivate_totp"),
        staff=True,
        then=again,
    ),
    Page("account-codes", own_path("mfa_view_recovery_codes"), staff=True, then=again),
    Page(
        "account-codes-new",
        own_path("mfa_generate_recovery_codes"),
        staff=True,
        then=again,
    ),
    Page("account-again", at("account_reauthenticate"), staff=True),
    Page(
        "account-again-code",
        path_with_app("mfa_reauthenticate"),
        staff=True,
        then=again,
    ),
    Page(
        "account-again-key",
        own_path("mfa_reauthenticate_webauthn"),
        staff=True,
        then=again,
    ),
    Page("account-password", at("account_change_password"), staff=True),
    Page("account-password-set", at("account_set_password"), staff=True),
    Page("account-sessions", sessions_path, staff=True),
    Page("account-logout", at("account_logout"), staff=True),
]
PAGES = PUBLIC + STAFF + ACCOUNTS
