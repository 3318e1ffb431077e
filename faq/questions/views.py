from collections.abc import Sequence
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from cards.views import busy_response
from core.filters import NoSuchPage, no_such_page, read_words
from core.public import Content, public_page
from core.search_budget import SearchTooLong, TooManySearches, one_search
from faq.blocks import cached_block
from faq.markdown import render as render_markdown
from faq.questions.models import Question, Topic
from faq.searching import search


class Group(NamedTuple):
    topic: Topic
    # The HTML block of each question.
    questions: list[SafeString]


@require_safe
@public_page("q", shows=[Content.TEXTS])
def index(request: HttpRequest) -> HttpResponse:
    """List all questions by topic, or those that match a search."""
    try:
        if words := read_words(request.GET):
            return render_search(request, words)
    except NoSuchPage as problem:
        return no_such_page(request, problem)
    questions = list(Question.objects.public().defer("search"))
    found = {"groups": group(questions), "data": faq_page(questions)}
    return render(request, "faq/question_list.html", found)


def render_search(request: HttpRequest, words: str) -> HttpResponse:
    """Show the questions that match a search.

    Returns a 503 if too many searches are running. Raises NoSuchPage if the search
    takes too long.
    """
    try:
        with one_search():
            found = search(Question, words)
    except TooManySearches:
        busy = {"q": words, "is_busy": True}
        return busy_response(request, "faq/question_search.html", busy)
    except SearchTooLong as error:
        raise NoSuchPage(
            "That search takes too long. Try fewer or rarer words."
        ) from error
    context = {"q": words, "matches": found.matches, "loosely": found.loosely}
    return render(request, "faq/question_search.html", context)


def group(questions: list[Question]) -> list[Group]:
    groups = [
        Group(topic, [question_block(q) for q in questions if q.topic == topic])
        for topic in Topic
    ]
    return [group for group in groups if group.questions]


@cached_block
def question_block(question: Question) -> SafeString:
    context = {"question": question, "answer": answer(question)}
    return render_to_string("faq/question_list.html#question", context)


def answer(question: Question) -> SafeString:
    return render_markdown(question.answer, f"{question.slug}-").html


@require_safe
@public_page(shows=[Content.TEXTS])
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    question = get_object_or_404(Question.objects.public(), slug=slug)
    return show(request, question)


def show(
    request: HttpRequest, question: Question, *, preview: bool = False
) -> HttpResponse:
    """Show a question on its own page, with links to others on the same topic."""
    others = Question.objects.public().filter(topic=question.topic)
    context = {
        "question": question,
        "answer": answer(question),
        "others": others.exclude(pk=question.pk).defer("answer", "words", "search"),
        "data": faq_page([question]),
        "preview": preview,
    }
    return render(request, "faq/question_detail.html", context)


def faq_page(questions: Sequence[Question]) -> dict:
    """Return the questions as an https://schema.org/FAQPage, to embed in the page."""
    dates = {str(question.updated) for question in questions}
    return {
        "@type": "FAQPage",
        **({"dateModified": max(dates)} if dates else {}),
        "mainEntity": [
            {
                "@type": "Question",
                "name": question.question,
                "acceptedAnswer": {"@type": "Answer", "text": question.words},
            }
            for question in questions
        ],
    }
