"""The FAQ, as a reader with a question uses it."""

import pytest

from tests.faq.texts import make_question

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_reader_finds_a_question_by_a_word_of_its_answer(page):
    make_question("Who pays?", "Cities *indemnify* their officers.", slug="who-pays")
    make_question("What is it?", "A rule of judges.", slug="what-is-it")
    page.goto("/faq/")

    page.get_by_role("searchbox", name="Search the questions").fill("officer")
    page.keyboard.press("Enter")
    page.wait_for_url("**/faq/?q=officer")

    assert page.get_by_text("Who pays?").first.is_visible()
    assert page.locator("mark", has_text="officers").first.is_visible()
    assert not page.get_by_text("What is it?").is_visible()


def test_a_link_to_a_question_opens_it(page):
    make_question("Who pays?", "Cities *indemnify* their officers.", slug="who-pays")

    page.goto("/faq/#who-pays")

    assert page.get_by_text("Cities indemnify their officers.").is_visible()
