"""Searches find the same rows, however a person types the words.

The tests collect every admin list with `search_fields` and every page with a search
field, so a new one is covered automatically.
"""

import re

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import CharField, TextField
from django.urls import get_resolver, reverse

from core.searching import FoldedSearch
from tests.factories import make_published_voice, make_signature, make_voice
from tests.faq.texts import make_case, make_page, make_question
from voices.models import Signature, Voice

# Each line has spellings that must find the same rows.
SPELLINGS = [
    ["officer's", "officer’s", "OFFICER’S", "officer‘s", "officer´s", "officerʼs"],
    ["good faith", "good-faith", "good–faith", "good\u2011faith", "Good \u00a0 Faith"],
    ["1983", "§1983", "§ 1983", "§\u00a01983", "§§ 1983", "１９８３"],
    ["USC", "U.S.C.", "U. S. C.", "u.s.c", "Ｕ.Ｓ.Ｃ."],
    ["Núñez", "Nunez", "NUN\u0303EZ", "nu\u0301nez"],
    ["official", "oﬃcial", "OFFICIAL", "ｏｆｆｉｃｉａｌ"],
    ["straße", "strasse", "STRASSE"],
    ["O’Brien", "O'Brien", "OBrien", "o`brien"],
    ["Łódź", "lodz", "ŁÓDŹ"],
    ["law/order", "law order", "law & order", "law – order", "law, order"],
    ["1,000", "1000", "１,０００"],
    ["“law”", '"law"', "«law»", "„law”"],
    ["Œuvre", "oeuvre", "ŒUVRE"],
]
LISTS = [
    each for each in admin.site._registry.values() if getattr(each, "search_fields", ())
]


def each_spelling(spellings=SPELLINGS):
    return [
        pytest.param(stored, typed, id=f"{stored}-{typed}")
        for same in spellings
        for stored in same[:2]
        for typed in same
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("model_admin", LISTS, ids=lambda each: each.opts.label)
def test_every_admin_list_searches_folded_words(model_admin):
    assert isinstance(model_admin, FoldedSearch)
    for same in SPELLINGS:
        rows = model_admin.model._base_manager
        found = {
            re.search(r"aaqi_fold.*?to_tsquery\(.*?\)\)", str(rows.query)).group()
            for rows, _ in (
                model_admin.get_search_results(None, rows, typed) for typed in same
            )
        }
        assert len(found) == 1, same


@pytest.mark.django_db
@pytest.mark.parametrize("model_admin", LISTS, ids=lambda each: each.opts.label)
def test_every_admin_list_accepts_any_search(model_admin):
    for typed in ("§", "'", '"', "a & | ! b:*", "\\", "%_", "()", "😀", "€5", "9" * 30):
        found, _ = model_admin.get_search_results(
            None, model_admin.model._base_manager, typed
        )
        list(found[:5])


@pytest.mark.django_db
@pytest.mark.parametrize("model_admin", LISTS, ids=lambda each: each.opts.label)
def test_admin_lists_search_only_text_columns_of_their_own_table(model_admin):
    for name in model_admin.search_fields:
        field = model_admin.opts.get_field(name.removeprefix("="))
        assert name.startswith("=") or isinstance(field, CharField | TextField)


@pytest.mark.django_db
@pytest.mark.parametrize(("stored", "typed"), each_spelling())
def test_the_wall_finds_every_spelling(client, stored, typed):
    voice = make_published_voice(statement=f"They said {stored} to me.")
    make_published_voice(statement="Nobody else did.")

    page = client.get(reverse("voices:list"), {"q": typed}).context["page"]

    assert [each.pk for each in page.voices] == [voice.pk]


@pytest.mark.django_db
@pytest.mark.parametrize("column", ["name", "profession", "city"])
@pytest.mark.parametrize("same", SPELLINGS, ids=lambda same: same[0])
def test_the_wall_searches_each_column_alike(client, column, same):
    voice = make_published_voice(**{column: same[1]})

    for typed in same:
        page = client.get(reverse("voices:list"), {"q": typed}).context["page"]
        assert [each.pk for each in page.voices] == [voice.pk], typed


@pytest.mark.django_db
@pytest.mark.parametrize("same", SPELLINGS, ids=lambda same: same[0])
def test_the_questions_find_every_spelling(client, same):
    asked = make_question(f"What about {same[0]}?", "It is so.")
    answered = make_question("What is it?", f"It is {same[1]} or so.")
    make_question("Who pays?", "Nobody.")

    for typed in same:
        response = client.get(reverse("faq:questions"), {"q": typed})
        found = {match.text for match in response.context["matches"]}
        assert found == {asked, answered}, typed
        assert not response.context["loosely"]


@pytest.mark.django_db
@pytest.mark.parametrize("same", SPELLINGS, ids=lambda same: same[0])
def test_the_site_search_finds_every_spelling(client, same):
    question = make_question(f"What about {same[0]}?", "It is so.")
    case = make_case(summary=f"They said {same[1]} to her.")
    page = make_page("about", body=f"We say {same[0]}.")
    voice = make_published_voice(statement=f"They said {same[1]} to me.")
    make_question("Who pays?", "Nobody.")

    for typed in same:
        found = client.get(reverse("search"), {"q": typed}).context
        texts = [*found["questions"].matches, *found["cases"], *found["pages"]]
        assert [each.text for each in texts] == [question, case, page], typed
        assert found["voices"].shown == [voice]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answer", "typed", "excerpt"),
    [
        ("An officer’s duty.", "officers", "<mark>officer</mark>’s duty."),
        ("In good‑faith only.", "good faith", "good</mark>‑<mark>faith</mark> only."),
        ("By 42 U.S.C. §1983 one sues.", "§ 1983", "§<mark>1983</mark> one"),
        ("Courts want “settled” law.", "settled", "want “<mark>settled</mark>"),
        ("Police/fire — unions.", "fire", "Police/<mark>fire</mark> — unions."),
    ],
)
def test_an_excerpt_keeps_the_punctuation_of_the_answer(client, answer, typed, excerpt):
    make_question("What is it?", answer)

    response = client.get(reverse("faq:questions"), {"q": typed})

    assert excerpt in response.context["matches"][0].excerpt


@pytest.mark.django_db
@pytest.mark.parametrize("same", SPELLINGS, ids=lambda same: same[0])
def test_staff_find_voices_and_signatures_by_every_spelling(same):
    voice = make_voice(name="Ada", statement=f"They said {same[0]} to me.")
    named = make_voice(name=same[1], statement="Words.")
    signature = make_signature(name=same[0], voice=None)
    make_signature(name="Bea Cruz", voice=None)

    for typed in same:
        voices, _ = admin_of(Voice).get_search_results(None, Voice.objects, typed)
        signatures, _ = admin_of(Signature).get_search_results(
            None, Signature.objects, typed
        )
        assert set(voices) == {voice, named}, typed
        assert set(signatures) == {signature}, typed


@pytest.mark.django_db
def test_staff_find_by_prefix_id_and_email():
    signature = make_signature(name="Ana Lucía Reyes", email="ana.reyes@gmail.com")
    make_signature(name="Ben Cruz")

    def found(model, typed):
        return list(admin_of(model).get_search_results(None, model.objects, typed)[0])

    for typed in ("luc", "reyes ana", "AnaReyes+x@Gmail.com", " ana.reyes@gmail.com "):
        assert found(Signature, typed) == [signature], typed
    for typed in (f"{signature.voice.pk}", f"#{signature.voice.pk}"):
        assert signature.voice in found(Voice, typed)
    assert found(Signature, "nobody@") == []


@pytest.mark.django_db
@pytest.mark.parametrize("model", [Signature, Voice], ids=lambda model: model.__name__)
def test_lists_of_large_tables_are_searched_by_index(model):
    found, _ = admin_of(model).get_search_results(
        None, model.objects, "ana@example.com"
    )
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

        plan = found.order_by().explain()

    assert "_words" in plan
    assert "Seq Scan" not in plan


def admin_of(model):
    return admin.site.get_model_admin(model)


@pytest.mark.django_db
def test_every_page_with_a_search_is_tested_here(client):
    """Collects the public pages without URL parameters that have a search field."""
    names = ["search", "home"] + [
        f"{app}:{page.name}"
        for app in ("voices", "faq", "rankings")
        for page in get_resolver().namespace_dict[app][1].url_patterns
        if page.name and not page.pattern.converters
    ]

    searching = {
        name
        for name in names
        if b' name="q"' in main_of(client.get(reverse(name), follow=True))
    }

    assert searching == {"voices:list", "faq:questions", "search"}


def main_of(response):
    """The page without its header and its footer, which searches the whole site."""
    return response.content.partition(b"<main")[2].partition(b"</main>")[0]
