import csv
from pathlib import Path

from django.test import SimpleTestCase

from rankings.lists import (
    is_closed,
    is_ij_page,
    join_addresses,
    join_citations,
    same_authority,
    split_addresses,
    split_citations,
)

DATA = Path(__file__).parents[2] / "rankings" / "data"


class CitationListTests(SimpleTestCase):
    def test_a_semicolon_in_brackets_parts_nothing(self):
        cell = "A v. B, 1 F.2d 3 (Ct. 1990) (holding x; leaving y open); Code § 5"

        self.assertEqual(
            split_citations(cell),
            ["A v. B, 1 F.2d 3 (Ct. 1990) (holding x; leaving y open)", "Code § 5"],
        )

    def test_an_odd_bracket_swallows_no_citation(self):
        self.assertEqual(split_citations("A) ; B; ; "), ["A)", "B"])

    def test_nothing_of_the_data_is_lost(self):
        rows = []
        for path in DATA.glob("*/states.csv"):
            with path.open(newline="", encoding="utf-8") as file:
                rows += csv.DictReader(file)
        self.assertEqual(len(rows), 2 * 51)
        for row in rows:
            for column in ("right_to_sue_citation", "immunity_citation"):
                cell = row[column]
                self.assertEqual(join_citations(split_citations(cell)), cell)
            cell = row["source_urls"]
            self.assertEqual(join_addresses(split_addresses(cell)), cell)

    def test_two_wordings_of_one_ruling_are_the_same_authority(self):
        for one, other in (
            (
                "cf. Katzberg v. Regents, 29 Cal. 4th 300, 58 P.3d 339 (2002) (none)",
                "Katzberg v. Regents, 58 P.3d 339 (Cal. 2002)",
            ),
            (
                "Dick Fischer Dev. v. Dep't of Admin., 838 P.2d 263 (Alaska 1992)",
                "Dick Fischer Dev. v. State, 838 P.2d 263 (Alaska 1992)",
            ),
            ("but see Gray v. Rhoads, 55 Va. Cir. 362 (2001)", "Gray v. Rhoads"),
            ("Me. Rev. Stat. § 4682 (Act)", "Me. Rev. Stat. § 4682 (Act): year"),
        ):
            self.assertTrue(same_authority(one, other), one)
            self.assertTrue(same_authority(other, one), other)

    def test_two_rulings_are_not(self):
        self.assertFalse(
            same_authority(
                "Jones v. Powell, 462 Mich. 329 (2000)",
                "Smith v. Dep't of Pub. Health, 428 Mich. 540 (1987)",
            )
        )
        self.assertFalse(
            same_authority(
                "N.M. Stat. Ann. §§ 41-4A-1 to -13 (HB 4, 2021)",
                "N.M. Stat. Ann. § 41-4A-4",
            )
        )


class AddressTests(SimpleTestCase):
    def test_only_the_institutes_page_on_the_state_itself_is_its_page(self):
        base = "https://ij.org/report/50-shades-of-government-immunity/state-profile/"

        self.assertTrue(is_ij_page(base + "new%20mexico/", "NM"))
        self.assertTrue(is_ij_page(base + "new-york/", "NY"))
        self.assertFalse(is_ij_page(base + "nevada/", "MI"))
        self.assertFalse(is_ij_page("https://example.com/nevada/", "NV"))

    def test_only_casetext_and_its_subdomains_are_closed(self):
        self.assertTrue(is_closed("http://casetext.com/case/a-v-b"))
        self.assertTrue(is_closed("https://www.casetext.com/case/a-v-b"))
        self.assertTrue(is_closed("https://e.casetext.com/case/a-v-b"))
        self.assertFalse(is_closed("https://notcasetext.com/case/a-v-b"))
        self.assertFalse(is_closed("https://example.com/casetext.com"))
        self.assertFalse(is_closed(""))
