"""Questions and answers as structured data: https://schema.org/FAQPage."""

from collections.abc import Iterable

from faq.questions.models import Question


def faq_page(questions: Iterable[Question]) -> dict:
    """Return the questions for the template tag `structured_data`."""
    return {
        "@type": "FAQPage",
        "mainEntity": [
            {
                "@type": "Question",
                "name": question.question,
                "acceptedAnswer": {"@type": "Answer", "text": question.words},
            }
            for question in questions
        ],
    }
