from collections.abc import Iterable

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.urls import reverse
from simple_history.models import HistoricalRecords

from core.folding import Fold
from faq.check import validate_line, validate_markdown
from faq.markdown import paragraphs
from faq.searched import SearchedText
from faq.sources import has_source


class Topic(models.TextChoices):
    """The topics of the FAQ page, in the order in which it lists them."""

    BASICS = "basics", "What it is"
    HOW_IT_WORKS = "how-it-works", "How it works"
    WHO_PAYS = "who-pays", "Who pays, and who decides"
    OTHER_SIDE = "other-side", "What the other side says"
    CHANGE = "change", "Ending it"


class Question(SearchedText):
    """A question that people ask, and a fair answer."""

    topic = models.CharField(max_length=20, choices=Topic)
    question = models.CharField(max_length=200, validators=[validate_line])
    answer = models.TextField(
        validators=[validate_markdown],
        help_text="Markdown. The first paragraph is the short answer.",
    )
    search = models.GeneratedField(
        expression=SearchVector(Fold("question"), weight="A", config="english")
        + SearchVector(Fold("words"), weight="B", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    WORDS = ("question", "answer")
    HEADING = "question"

    history = HistoricalRecords(excluded_fields=["search", "words"])

    class Meta(SearchedText.Meta):
        ordering = ["order", "pk"]
        constraints = [has_source("question_has_source")]
        indexes = [GinIndex("search", name="question_search")]

    def __str__(self) -> str:
        return self.question

    def get_absolute_url(self) -> str:
        return reverse("faq:question", args=[self.slug])

    def lines(self) -> Iterable[str]:
        return paragraphs(self.answer)

    @property
    def short_answer(self) -> str:
        return self.words.partition("\n")[0]
