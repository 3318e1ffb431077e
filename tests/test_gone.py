"""Claims that turned out untrue or had no source, and wordings that misled."""

import re
from itertools import chain

from django.conf import settings
from django.test import SimpleTestCase

GONE = [
    # About ourselves
    "We grade all fifty",
    "of every party and none",
    "growing, non-partisan",
    "never graded as zero",
    "The people behind the doctrine",
    # Cases
    "have not been able to confirm",
    "lost what he had won",
    "No court had struck that law down",
    "92 F.4th 277",
    "counted many years since",
    # Views that nobody was named for
    "see a fair bargain",
    "that this is as it should be",
    "money not spent on services",
    "Some have given that",
    "Some have said that",
    "Many people worry",
    # The law
    "plays no part in either",
    "Every point there is",
    # The second edition's rubric and notes
    "limited, because the officer cannot be sued",
    "no other limited remedy scores above",
    "19 citations in 10 rows",
    "law as of",
    # English that nobody speaks
    "with or without eyes",
    "broke the Fourth Amendment",
    "It stands in the message",
    "Whoever wants to count for themselves",
    "by whose we never know",
    "for no clear law said otherwise",
    "This case has gone up and down",
]
# What readers see: texts, pages, mail, cards, and data. The first edition of the
# rankings stays as it was published.
FILES = [
    *("README.md", "faq/content/**/*.md", "templates/**/*.*", "cards/*.py"),
    *("rankings/data/edition-2/*", "rankings/*.py", "faq/**/*.py", "voices/**/*.py"),
    *("aaqi/*.py", "core/*.py"),
]


def flat(text):
    """Return the text in lowercase, with plain apostrophes and single spaces.

    Joins string literals that Python code splits over lines.
    """
    text = re.sub(r'"\s*\n\s*f?"', "", text.replace("’", "'"))
    return " ".join(text.lower().split())


class GoneTests(SimpleTestCase):
    def test_what_was_untrue_is_gone(self):
        paths = list(chain.from_iterable(map(settings.BASE_DIR.glob, FILES)))
        self.assertGreater(len(paths), 300)
        for path in paths:
            text = flat(path.read_text())
            for phrase in GONE:
                self.assertNotIn(flat(phrase), text, path)

    def test_a_phrase_is_found_however_it_is_wrapped(self):
        code = 'words = (\n    "No court had struck "\n    "that law down."\n)'

        self.assertIn(flat("No court had struck that law down"), flat(code))
