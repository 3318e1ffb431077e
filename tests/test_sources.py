import csv
import re
from datetime import date
from itertools import chain

from django.conf import settings
from django.test import SimpleTestCase

# Every address that our texts and data cite.
LIST = settings.BASE_DIR / "docs" / "sources.csv"
ADDRESS = re.compile(r'https?://[^\s"<>|)]+')


def addresses(text):
    return {found.rstrip(".,;") for found in ADDRESS.findall(text)}


def cited():
    """The addresses in faq/content/ and rankings/data/."""
    found = set()
    for path in settings.BASE_DIR.glob("faq/content/*/*.md"):
        found |= addresses(path.read_text())
    for path in settings.BASE_DIR.glob("rankings/data/**/*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            cells = chain.from_iterable(csv.reader(file))
            found |= addresses("\n".join(cells))
    return found


class SourceListTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with LIST.open(newline="", encoding="utf-8") as file:
            cls.rows = list(csv.DictReader(file))
        cls.listed = [row["url"] for row in cls.rows]

    def test_each_cited_address_is_listed(self):
        self.assertEqual(cited() - set(self.listed), set())

    def test_each_listed_address_is_cited_and_listed_once(self):
        self.assertEqual(set(self.listed) - cited(), set())
        self.assertEqual(self.listed, sorted(set(self.listed)))

    def test_a_day_of_reading_is_empty_or_not_before_the_first_edition(self):
        for read_on in filter(None, (row["read_on"] for row in self.rows)):
            self.assertLessEqual(date(2026, 11, 22), date.fromisoformat(read_on))

    def test_what_an_address_replaces_is_an_address_that_is_gone(self):
        for row in self.rows:
            for old in filter(None, row["replaces"].split(" | ")):
                self.assertEqual(addresses(old), {old})
                self.assertNotIn(old, self.listed)
