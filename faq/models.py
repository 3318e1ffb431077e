"""Where Django looks for the app's models; each lives with its subject."""

from faq.cases.models import Case
from faq.pages.models import Chart, Page, TimelineEntry
from faq.questions.models import Question

__all__ = ["Case", "Chart", "Page", "Question", "TimelineEntry"]
