"""Places and codes, as people type them and form fillers fill them in."""

import datetime
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.urls import reverse
from django.utils.module_loading import import_string

from rankings.states import JURISDICTIONS, PLACES, read_place
from tests.factories import make_published_voice
from tests.faults.fields import all_forms
from voices.models import Signature
from voices.signing.forms import CodeForm

TYPED_PLACES = [
    *(("AE", "AA"), ("AP", "AA"), ("ae", "AA"), ("Military or abroad", "AA")),
    *(("Armed Forces Pacific", "AA"), ("APO", "AA"), ("oh", "OH"), ("Ohio", "OH")),
    *((" OHIO ", "OH"), ("ＯＨ", "OH"), ("Oh.", "OH"), ("D.C.", "DC"), ("d c", "DC")),
    *(("Washington, D.C.", "DC"), ("Washington", "WA"), ("new-mexico", "NM")),
    *(("N.M.", "NM"), ("Puerto Rico", "PR"), ("U.S. Virgin Islands", "VI")),
]
TYPED_CODES = [
    *("123456", "123 456", "123-456", "12 34 56", "１２３４５６", "123–456", "123.456"),
    *("code: 123456", "Your code: 123456", " 123456 ", "123\u2011456", "“123456”"),
]
TYPED_DATES = [
    *("2026-11-28", "11/28/2026", "11/28/26", "Nov 28, 2026", "Nov 28 2026"),
    *("November 28, 2026", "November 28 2026", "nov 28, 2026", "28 Nov 2026"),
    *("28 November 2026", " 11/28/2026 "),
]
TYPED_TIMES = [
    *("15:30", "15:30:00", "3:30 PM", "3:30 pm", "3:30PM", "3:30pm", "03:30 PM"),
    *("03:30 pm", " 3:30 pm ", "15:30:00.0"),
]
DAY = datetime.date(2026, 11, 28)
FORMS = {
    "voices.signing.forms.SignForm": {},
    "voices.ranking_errors.forms.RankingErrorForm": {},
    "voices.managing.forms.VoiceForm": {"signature": Signature()},
}


@pytest.mark.parametrize(("typed", "code"), TYPED_PLACES)
def test_a_place_is_understood_however_it_is_named(typed, code):
    assert read_place(typed) == code


@pytest.mark.parametrize("typed", ["", "XX", "Ontario", "O", "1", "§", "nowhere"])
def test_an_unknown_place_is_left_unchanged(typed):
    assert read_place(typed) == typed


@pytest.mark.parametrize("code", PLACES)
def test_every_place_is_found_by_code_and_name(code):
    assert read_place(code.lower()) == code
    assert read_place(PLACES[code].upper()) == code


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(("typed", "code"), TYPED_PLACES)
def test_every_public_form_takes_the_place(path, typed, code):
    form = import_string(path)({"state": typed}, **FORMS[path])

    assert form["state"].value() == code
    if code in dict(form.fields["state"].choices):
        assert "state" not in form.errors


def test_no_public_form_with_a_list_of_places_is_forgotten():
    found = {
        f"{each.__module__}.{each.__name__}"
        for each in public_forms(forms.BaseForm)
        if has_places(each)
    }

    assert found == set(FORMS)


def public_forms(base):
    import voices.urls  # noqa: F401 - brings in every form that its views use

    for each in base.__subclasses__():
        yield each
        yield from public_forms(each)


def has_places(form_class):
    fields = getattr(form_class, "base_fields", {}).values()
    staff = {"admin", "django", "editing", "finding", "importing", "invalidation"}
    ours = not staff & set(form_class.__module__.split("."))
    return ours and any(
        "OH" in [value for value, _ in field.choices]
        for field in fields
        if isinstance(field, forms.ChoiceField)
        and not isinstance(field, forms.ModelChoiceField)
    )


@pytest.mark.parametrize("typed", TYPED_CODES)
def test_a_code_is_read_however_it_is_typed_or_pasted(typed):
    form = CodeForm({"code": typed})

    assert form.is_valid()
    assert form.cleaned_data["code"] == "123456"


@pytest.mark.parametrize("typed", ["12345", "1234567", "code", "12345６7", "一二三"])
def test_an_invalid_code_is_refused_and_kept(typed):
    form = CodeForm({"code": typed})

    assert "six digits" in str(form.errors["code"])
    assert form["code"].value() == typed


@pytest.mark.django_db
@pytest.mark.parametrize(("typed", "code"), TYPED_PLACES[::3])
def test_every_filter_by_state_takes_the_place(client, typed, code):
    voice = make_published_voice(state=code)
    make_published_voice(state="TX")

    answer = client.get(reverse("voices:list"), {"state": typed}, follow=True)
    page = answer.context["page"]
    added = client.get(reverse("voices:add"), {"state": typed})

    assert [each.pk for each in page.voices] == [voice.pk]
    assert f'<option value="{code}" selected>' in added.text
    ranked = code in JURISDICTIONS
    for name in ("faq:cases", "rankings-report"):
        status = client.get(reverse(name), {"state": typed}).status_code
        assert status == (200 if ranked else 404), name


def dates_and_times():
    """Every form field that takes a date and a time, by its location."""
    return {
        f"{form.__module__}.{form.__qualname__}.{name}": field
        for form, fields in all_forms()
        for name, field in fields.items()
        if isinstance(field, forms.SplitDateTimeField | forms.DateTimeField)
    }


@pytest.mark.parametrize("time", TYPED_TIMES)
@pytest.mark.parametrize("date", TYPED_DATES)
def test_every_date_and_time_is_understood_as_people_type_it(db, date, time):
    fields = dates_and_times()
    moment = datetime.datetime(
        2026, 11, 28, 15, 30, tzinfo=ZoneInfo("America/New_York")
    )

    assert len(fields) > 3
    for where, field in fields.items():
        split = isinstance(field, forms.SplitDateTimeField)
        typed = [date, time] if split else f"{date} {time}"
        assert field.clean(typed) == moment, where


@pytest.mark.parametrize("date", TYPED_DATES)
def test_every_date_is_understood_as_people_type_it(db, date):
    for form, fields in all_forms():
        for name, field in fields.items():
            if type(field) is forms.DateField:
                assert field.clean(date) == DAY, (form, name)
