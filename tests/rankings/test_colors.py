from itertools import combinations, pairwise

from django.test import SimpleTestCase

from cards.draw import GRADES as CARD_GRADES
from tests.colors import VISIONS, contrast, distance, luminance, read_tokens

LETTERS = "abcdf"


class GradeColorTests(SimpleTestCase):
    def setUp(self):
        self.tokens = read_tokens()
        self.schemes = {name: self.tokens[name] for name in ("light", "dark")}

    def colors(self, tokens, letters=LETTERS):
        return {letter: tokens[f"grade-{letter}"] for letter in letters}

    def text_on(self, tokens, letter):
        if letter in "df":
            return "#ffffff"
        return tokens["ink" if letter == "none" else "on-grade"]

    def test_letters_stand_out_from_their_colors(self):
        for scheme, tokens in self.schemes.items():
            for letter in (*LETTERS, "none"):
                with self.subTest(scheme=scheme, letter=letter):
                    color = tokens[f"grade-{letter}"]

                    self.assertGreaterEqual(
                        contrast(color, self.text_on(tokens, letter)), 4.5
                    )

    def test_any_two_grades_differ_with_any_color_vision(self):
        for scheme, tokens in self.schemes.items():
            colors = self.colors(tokens, (*LETTERS, "none"))
            for vision in VISIONS:
                for one, other in combinations(colors, 2):
                    # "Not assessed" has hatching as well, so gray may be close to it.
                    if vision == "gray" and "none" in (one, other):
                        continue
                    with self.subTest(scheme=scheme, vision=vision, pair=one + other):
                        far = distance(colors[one], colors[other], vision)

                        self.assertGreaterEqual(far, 9)

    def test_no_grade_looks_like_the_yellow_of_actions(self):
        for scheme, tokens in self.schemes.items():
            for vision in set(VISIONS) - {"gray"}:
                for letter, color in self.colors(tokens).items():
                    with self.subTest(scheme=scheme, vision=vision, letter=letter):
                        self.assertGreaterEqual(
                            distance(color, tokens["mark"], vision), 9
                        )

    def test_worse_grades_are_darker(self):
        for tokens in self.schemes.values():
            lights = [luminance(color) for color in self.colors(tokens).values()]

            for better, worse in pairwise(lights):
                self.assertGreater(better, worse)

    def test_browsers_without_light_dark_get_the_light_colors(self):
        names = [name for name in self.tokens["light"] if "grade" in name]
        for name in names:
            self.assertEqual(self.tokens["plain"][name], self.tokens["light"][name])

    def test_share_cards_have_the_light_colors(self):
        light = self.tokens["light"]

        self.assertEqual(
            CARD_GRADES,
            {
                letter.upper(): (color, self.text_on(light, letter))
                for letter, color in self.colors(light).items()
            },
        )
