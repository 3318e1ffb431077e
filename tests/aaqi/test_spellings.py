from django.test import TestCase

from tests.factories import (
    confirm_url,
    make_published_voice,
    make_rankings,
    make_submission,
)

SIGNS = [
    *(".", ",", ";", ":", "!", "%3F", ")", ").", "]", "%7D", "'", "*"),
    *("%20", "%C2%A0", "%E2%80%8B", "%0A", "%E2%80%9D", "%E2%80%99", "%C2%BB", "%3E"),
    *("/", "//", "/.", "/)", "%22", "%3E,", "%E2%80%A6", "%EF%BB%BF", "/%20"),
]


class OneSpellingTests(TestCase):
    def assert_leads(self, written, meant):
        """Follow redirects to the page, all on this site; return their number."""
        seen = [written]
        response = self.client.get(written)
        while response.status_code == 301:
            seen.append(response["Location"])
            self.assertRegex(seen[-1], "^/([^/]|$)")
            self.assertLessEqual(len(seen), 3, seen)
            response = self.client.get(seen[-1])
        self.assertEqual(response.status_code, 200, seen)
        self.assertEqual(seen[-1], meant)
        return len(seen) - 1

    def test_another_spelling_redirects_to_the_page(self):
        make_rankings("2026-01-01")
        edition = "/rankings/editions/2026-01-01/"
        pk = make_published_voice().pk
        for written, meant in (
            ("/rankings/NM/", "/rankings/new-mexico/"),
            ("/rankings/nm/", "/rankings/new-mexico/"),
            ("/rankings/nm", "/rankings/new-mexico/"),
            ("/RANKINGS/NM", "/rankings/new-mexico/"),
            ("/rankings/New-Mexico/", "/rankings/new-mexico/"),
            ("/rankings/new_mexico/", "/rankings/new-mexico/"),
            ("/rankings/New%20Mexico", "/rankings/new-mexico/"),
            (f"{edition}TX/", f"{edition}texas/"),
            ("/VOICES/", "/voices/"),
            ("/Voices", "/voices/"),
            ("/voices", "/voices/"),
            ("/voices//add/", "/voices/add/"),
            ("/voices/Add/).", "/voices/add/"),
            (f"/voices/{pk}).", f"/voices/{pk}/"),
            ("/Rankings/Data.CSV)", "/rankings/data.csv"),
            ("/robots.txt/", "/robots.txt"),
            ("/card.png.", "/card.png"),
            ("/voices/?state=TX).", "/voices/?state=TX"),
            ("/voices/?state=TX%20", "/voices/?state=TX"),
            ("/VOICES/?state=TX", "/voices/?state=TX"),
            ("/).", "/"),
            ("/%2Fvoices/", "/voices/"),
        ):
            with self.subTest(written):
                self.assertGreaterEqual(self.assert_leads(written, meant), 1)

    def test_trailing_punctuation_redirects_to_the_page(self):
        link = confirm_url(make_submission())
        for path in (link, link.rstrip("/"), "/voices/add/", "/voices/manage"):
            for sign in SIGNS:
                with self.subTest(path + sign):
                    self.assert_leads(path + sign, path.rstrip("/") + "/")

    def test_tokens_are_case_sensitive(self):
        for written in (
            "/voices/confirm/AbC_x/",
            "/voices/confirm/AbC-/",
            "/voices/not-me/AbC/",
        ):
            with self.subTest(written):
                self.assertEqual(self.client.get(written).status_code, 404)
        response = self.client.get("/voices/manage/AbC_-./")
        self.assertEqual(response["Location"], "/voices/manage/AbC_-/")

    def test_no_redirect_leaves_the_site(self):
        for written in (
            *("/%2Fevil.example", "/%2Fevil.example/", "/%2F%2Fevil.example/"),
            *("/%5Cevil.example/", "/%5C%5Cevil.example", "/%2Fevil.example/%2E%2E/"),
            *("/%2F/evil.example/", "/%09//evil.example", "/@evil.example."),
            *("/none/", "/none/?x=1.", "/NONE).", "/voices/?state=XX", "/%00"),
        ):
            with self.subTest(written):
                response = self.client.get(written)

                where = response.get("Location", "/")
                self.assertNotIn("evil", where)
                self.assertIn(response.status_code, {301, 404})

    def test_nothing_else_is_redirected(self):
        posted = self.client.post("/VOICES/ADD/", {"name": "Ana"})
        staff = self.client.get("/ADMIN/")

        self.assertEqual(posted.status_code, 404)
        self.assertEqual(staff.status_code, 404)
        self.assertEqual(self.client.head("/VOICES/").status_code, 301)
        self.assertIn("no-store", self.client.get("/VOICES/")["Cache-Control"])
