"""Import all models, because Django looks for an app's models in this module."""

from faq.cases.models import Case
from faq.pages.models import Chart, Page, TimelineEntry
from faq.questions.models import Question

TEXTS = (Question, Case, TimelineEntry, Chart, Page)

__all__ = ["TEXTS", "Case", "Chart", "Page", "Question", "TimelineEntry"]
