import unicodedata

from django.db import connection
from django.test import SimpleTestCase, TestCase
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as PropertyTestCase

from core.folding import fold, search_words

# No characters that Python doesn't know yet, which may be letters to PostgreSQL; no
# surrogates, which are not text; and no NUL, which PostgreSQL can't store.
ANY = st.characters(exclude_categories=["Cs", "Cn"], exclude_characters="\0")
TRICKY = st.sampled_from(
    "aAbcsSu. .,,019'’‘`´ʼ′\"“”«»-‐‑–—−§¶&/ \u00a0\u00ad\u200b\u2028\u0301\u0345"
    "éÉßẞæÆœøŁđıİſKÅΣςσᾳǅŉﬁﬀ２Ａ①½™…⁄𝐁Ωῼ՞אָبِक्षだ葛\ufe0f😀"
)


def folded_by_sql(texts):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT aaqi_fold(t) FROM unnest(%s::text[]) WITH ORDINALITY AS u(t, n) "
            "ORDER BY n",
            [texts],
        )
        return [row[0] for row in cursor.fetchall()]


class SameInBothTests(PropertyTestCase):
    @given(st.lists(st.text(ANY | TRICKY) | st.text(TRICKY), max_size=40))
    @example(["U.S.C. U. S. C. u.s.c Ph.D. J.R. Smith, 1,000,000 12,34 a.b.c.d 1,0001"])
    def test_python_and_the_database_fold_alike(self, texts):
        self.assertEqual(folded_by_sql(texts), [fold(text) for text in texts])

    def test_every_single_character_folds_alike(self):
        known = [
            chr(n)
            for n in range(1, 0x110000)
            if unicodedata.category(chr(n)) not in {"Cs", "Cn"}
        ]

        pairs = zip(known, folded_by_sql(known), strict=True)

        wrong = [f"U+{ord(c):04X}" for c, folded in pairs if folded != fold(c)]
        self.assertEqual(wrong, [])


class FoldTests(SimpleTestCase):
    def test_spellings_of_one_text_are_one(self):
        for spellings in (
            [
                "officer's",
                "officer’s",
                "officer‘s",
                "OFFICER´S",
                "officerʼs",
                "officer`s",
            ],
            ["good faith", "good-faith", "good‑faith", "good–faith", "Good  Faith"],
            ["§1983", "§ 1983", "1983", "§\u00a01983", "§§ 1983", "１９８３"],
            ["U.S.C.", "USC", "usc", "U. S. C.", "u.s.c", "Ｕ.Ｓ.Ｃ."],
            ["Ph.D.", "PhD", "ph.d"],
            ["José Núñez", "Jose Nunez", "JOSE\u0301 NUN\u0303EZ"],
            ["ﬁnal oﬀicer", "final officer"],
            ["Øre Łódź Straße Œuvre", "ore lodz strasse oeuvre"],
            ["“good” faith", '"good" faith', "„good” faith", "«good» faith"],
            ["1,000", "1000", "１，０００"],
            ["im\u00admu\u200bnity", "immunity", "𝐢𝐦𝐦𝐮𝐧𝐢𝐭𝐲"],
        ):
            self.assertEqual(len({fold(each) for each in spellings}), 1, spellings)

    def test_other_texts_stay_apart(self):
        for one, other in (
            ("Ana R. I saw it", "Ana RI saw it"),
            ("1,00", "100"),
            ("law", "jaw"),
            ("Ελλάδα", "Λλάδα"),
        ):
            self.assertNotEqual(fold(one), fold(other))

    def test_a_text_of_signs_alone_folds_to_nothing(self):
        for text in ("", "   ", "§", "!!!", "—", "😀", "'", "\0"):
            self.assertEqual(fold(text), "")

    def test_a_hyphen_before_a_word_still_excludes_it(self):
        self.assertEqual(search_words("good-faith -U.S.C."), "good faith -usc")
        self.assertEqual(search_words("-jury law - rule"), "-jury law rule")
        self.assertEqual(search_words("“Rule of Law”"), '"rule of law"')


class SearchPathTests(TestCase):
    def test_needs_no_search_path(self):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL search_path TO ''")
            cursor.execute("SELECT public.aaqi_fold('É’s')")
            self.assertEqual(cursor.fetchone(), ("es",))
