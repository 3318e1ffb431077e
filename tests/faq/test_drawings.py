from itertools import pairwise

from django.test import SimpleTestCase

from faq.drawings import (
    NARROW,
    WIDE,
    Moment,
    Question,
    places,
    questions,
    timeline,
    wide_timeline,
)

YEARS = [1871, 1874, 1961, 1967, 1982, 1985, 1987, 2009, 2020, 2026]
MOMENTS = [
    Moment(year, str(year), "What happened in that year", marked=year == 1982)
    for year in YEARS
]
STEPS = [
    Question("Was a right violated?", "A federal right.", "No violation.", "Skip it."),
    Question("Was it clearly established?", "Before.", "Even if it was violated."),
    Question("The suit goes on"),
]


def span(text):
    start = text.x - text.width if text.anchor == "end" else text.x
    return start, start + text.width


class DrawingTests(SimpleTestCase):
    def test_no_words_leave_the_drawing_or_overlap(self):
        for drawing in (*timeline(MOMENTS[::2]), *questions(STEPS)):
            with self.subTest(drawing.form, height=drawing.height):
                for text in drawing.texts:
                    start, end = span(text)
                    self.assertGreaterEqual(start, 0, text)
                    self.assertLessEqual(end, drawing.width, text)
                    self.assertLess(text.y, drawing.height, text)
                for number, text in enumerate(drawing.texts):
                    for other in drawing.texts[number + 1 :]:
                        if abs(text.y - other.y) < 15:
                            (a, b), (c, d) = span(text), span(other)
                            self.assertTrue(b <= c or d <= a, (text, other))

    def test_text_is_at_least_12_pixels_at_a_width_of_320(self):
        content = 320 - 2 * 16

        self.assertGreaterEqual(15 * content / NARROW, 12)
        # The style sheet shows the wide form from 35rem.
        self.assertGreaterEqual(15 * 35 * 16 / WIDE, 12)

    def test_a_wide_timeline_is_to_scale_but_for_long_gaps(self):
        xs = dict(zip(YEARS, places(MOMENTS), strict=True))

        self.assertAlmostEqual(
            (xs[2026] - xs[1987]) / (2026 - 1987),
            (xs[1987] - xs[1961]) / (1987 - 1961),
            delta=0.05,
        )
        self.assertAlmostEqual(xs[2026], WIDE - 8, delta=1)
        looks = [path.look for path in wide_timeline(MOMENTS).paths]
        self.assertEqual(looks.count("dashed"), 1)

    def test_marks_one_thing(self):
        for drawing in (*timeline(MOMENTS), *questions(STEPS)):
            marked = [box for box in drawing.boxes if box.look == "mark"]
            self.assertEqual(len(marked), 1, drawing.form)

    def test_draws_many_or_equal_moments(self):
        for moments in (sorted(MOMENTS * 3), [Moment(2019, "2019", "Same year")] * 20):
            for drawing in timeline(moments):
                self.assertLess(drawing.height, 5000)

    def test_a_narrow_timeline_goes_down(self):
        narrow = timeline(MOMENTS)[1]

        self.assertTrue(all(a.y < b.y for a, b in pairwise(narrow.dots)))
