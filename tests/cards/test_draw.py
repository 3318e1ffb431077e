from io import BytesIO
from unittest import mock

from django.test import SimpleTestCase
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageFont

from cards import letters
from cards.draw import LEFT, OUTCOME_END, PAPER, RIGHT, TOP, Face, draw
from cards.lines import fit

BOTTOM = 430
SHORT = "Nobody should need a lucky precedent to be heard."
LONG = "I took an oath, and nobody handed me an exception to it. " * 11
# What a statement can contain: words in letters of our fonts, of any length.
texts = st.lists(
    st.text(st.sampled_from("abcdefgmMwWñ’-éŁ.,!"), min_size=1, max_size=60),
    min_size=1,
    max_size=120,
).map(" ".join)


def picture(face: Face) -> Image.Image:
    return Image.open(BytesIO(draw(face))).convert("RGB")


def ink(image: Image.Image):
    """Return the bounding box of everything that is not paper."""
    paper = Image.new("RGB", image.size, PAPER)
    return ImageChops.difference(image, paper).getbbox()


class CardTests(SimpleTestCase):
    def test_is_a_picture_of_the_size_that_other_sites_show(self):
        png = draw(Face(SHORT, "Ana Reyes", quoted=True))

        self.assertEqual(Image.open(BytesIO(png)).format, "PNG")
        self.assertEqual(Image.open(BytesIO(png)).size, (1200, 630))
        self.assertLess(len(png), 100_000)

    def test_the_same_face_is_the_same_picture_and_digest(self):
        self.assertEqual(draw(Face(SHORT)), draw(Face(SHORT)))
        self.assertEqual(Face(SHORT).digest, Face(SHORT).digest)

    def test_every_part_of_a_face_changes_picture_and_digest(self):
        plain = Face(SHORT)
        for other in (
            Face(LONG),
            Face(SHORT, name="Ana Reyes"),
            Face(SHORT, where="Columbus, Ohio"),
            Face(SHORT, number="Founding voice No. 1"),
            Face(SHORT, quoted=True),
            Face(SHORT, marked=3),
            Face(SHORT, badge="A"),
            Face(SHORT, outcome="The officer was immune."),
        ):
            self.assertNotEqual(other.digest, plain.digest)
            self.assertNotEqual(draw(other), draw(plain))

    def test_the_name_stands_on_yellow(self):
        image = picture(Face(SHORT, "Ana Reyes", quoted=True))

        self.assertEqual(image.getpixel((LEFT - 4, 456)), (255, 224, 74))

    def test_a_name_and_a_place_of_any_length_stay_inside_the_margin(self):
        image = picture(
            Face(SHORT, "W" * 100, "M" * 170, "Founding voice No. 1", quoted=True)
        )

        self.assertLessEqual(ink(image)[2], RIGHT + 9)

    @settings(max_examples=25)
    @given(texts, st.booleans())
    def test_words_of_any_length_stay_inside_their_box(self, text, quoted):
        image = picture(Face(text, quoted=quoted)).crop((106, 0, 1200, 556))

        left, top, right, bottom = ink(image)
        # A capital with an accent may extend a little above the box.
        self.assertGreaterEqual(top, TOP - 16)
        self.assertLessEqual(bottom, BOTTOM)
        self.assertLessEqual(106 + right, RIGHT + 2)
        self.assertGreaterEqual(106 + left, LEFT - 44 if quoted else LEFT - 4)

    @settings(max_examples=25)
    @given(texts, texts)
    def test_an_outcome_of_any_length_stays_between_words_and_name(self, text, outcome):
        image = picture(Face(text, outcome=outcome))

        self.assertIsNone(ink(image.crop((106, 356, 1200, 362))))
        _, _, right, bottom = ink(image.crop((106, 362, 1200, 556)))
        self.assertLessEqual(362 + bottom, OUTCOME_END + 9)
        self.assertLessEqual(106 + right, RIGHT + 2)


class WithoutFriBiDiTests(SimpleTestCase):
    """Without FriBiDi, the system library that Pillow uses for layout."""

    def setUp(self):
        letters.font.cache_clear()
        self.addCleanup(letters.font.cache_clear)
        patch = mock.patch.object(ImageFont.core, "HAVE_RAQM", False)
        patch.start()
        self.addCleanup(patch.stop)

    def test_a_card_is_drawn_all_the_same(self):
        image = picture(Face(LONG, "Łukasz Müller", "Columbus, Ohio", quoted=True))

        self.assertEqual(image.size, (1200, 630))
        self.assertEqual(image.getpixel((LEFT - 4, 456)), (255, 224, 74))
        self.assertLessEqual(ink(image)[2], RIGHT + 9)


class LineTests(SimpleTestCase):
    width = RIGHT - LEFT

    def fitted(self, text, *, quoted=True):
        setting = fit(text, self.width, quoted=quoted)
        return setting, [" ".join(line) for line in setting.lines]

    def test_few_words_are_set_large_and_many_small(self):
        for words, size in ((5, 84), (20, 60), (30, 46), (90, 38)):
            with self.subTest(words):
                self.assertEqual(self.fitted("right " * words)[0].size, size)

    def test_few_words_that_are_long_are_set_smaller_rather_than_broken(self):
        setting, lines = self.fitted(
            "Constitutionalist accountability-minded neighborhoods everywhere agree"
        )

        self.assertLess(setting.size, 84)
        self.assertIn("Constitutionalist", lines[0])

    def test_lines_are_of_about_the_same_length(self):
        setting, lines = self.fitted("one two three four five six seven eight nine ten")

        widths = [setting.width(line) for line in lines[:-1]]
        self.assertLess(max(widths) - min(widths), 0.4 * self.width)

    def test_what_does_not_fit_is_cut_at_a_word(self):
        _, lines = self.fitted(LONG)

        self.assertEqual(len(lines), 6)
        last = lines[-1].removesuffix("…”").split()[-1]
        self.assertTrue(lines[-1].endswith("…”"))
        self.assertIn(last, LONG.replace(",", "").replace(".", "").split())

    def test_a_word_without_end_is_broken_and_cut(self):
        setting, lines = self.fitted("w" * 600)

        self.assertEqual(len(lines), 6)
        for line in lines:
            self.assertLessEqual(setting.width(line), self.width + setting.hang)

    def test_no_word_is_lost_where_all_fit(self):
        text = "My neighbors and I vote differently on nearly everything. " * 4

        _, lines = self.fitted(text, quoted=False)

        self.assertEqual(" ".join(lines), text.strip())


class ReadableTests(SimpleTestCase):
    def test_what_our_letters_have_stays(self):
        for text in (SHORT, "José Łukasz Müller", "Nguyễn Văn Ánh", "1983—“now”…"):
            self.assertEqual(letters.readable(text), text)

    def test_emoji_go_and_leave_no_gap(self):
        self.assertEqual(
            letters.readable("End it 🎉 now 👩🏽‍⚖️ ❤️ please."), "End it now please."
        )

    def test_fancy_letters_become_plain(self):
        self.assertEqual(letters.readable("𝐄𝐧𝐝 𝒊𝒕"), "End it")

    def test_a_script_that_our_letters_do_not_have_is_not_shown_at_all(self):
        for text in ("正义 for all", "عدالة", "צדק", "Справедливость для всех и 正"):
            self.assertEqual(letters.readable(text), "")

    def test_paragraphs_become_one_line(self):
        self.assertEqual(letters.readable("One.\n\nTwo."), "One. Two.")

    def test_letters_that_are_missing_are_known(self):
        self.assertTrue(letters.has(letters.SERIF, "é"))
        self.assertFalse(letters.has(letters.SERIF, "ễ"))
        self.assertTrue(letters.has(letters.SANS, "ễ"))
        self.assertFalse(letters.has(letters.SANS, "正"))
