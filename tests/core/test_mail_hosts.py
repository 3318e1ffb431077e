from django.test import SimpleTestCase

from core.mail_hosts import COMMON, REAL, suggest


class SuggestTests(SimpleTestCase):
    def test_one_typo_in_the_name_or_the_ending_is_noticed(self):
        for typed, meant in {
            "gmial.com": "gmail.com",
            "gamil.com": "gmail.com",
            "gmal.com": "gmail.com",
            "gmaill.com": "gmail.com",
            "gnail.com": "gmail.com",
            "GMIAL.COM": "gmail.com",
            "gmail.con": "gmail.com",
            "gmail.cmo": "gmail.com",
            "gmail.co": "gmail.com",
            "gmial.con": "gmail.com",
            "yaho.com": "yahoo.com",
            "yahooo.com": "yahoo.com",
            "hotmial.com": "hotmail.com",
            "hotnail.com": "hotmail.com",
            "outlok.com": "outlook.com",
            "iclould.com": "icloud.com",
            "aol.con": "aol.com",
            "comcast.ner": "comcast.net",
            "verizn.net": "verizon.net",
            "sbcgloba.net": "sbcglobal.net",
            "protonmial.com": "protonmail.com",
            "ymail.con": "ymail.com",
            "mail.co": "mail.com",
        }.items():
            self.assertEqual(suggest(f"Ana.R@{typed}"), f"Ana.R@{meant}", typed)

    def test_a_host_that_people_use_is_left_alone(self):
        for host in [*COMMON, *REAL]:
            self.assertEqual(suggest(f"ana@{host}"), "", host)

    def test_a_host_of_somebody_else_is_left_alone(self):
        for host in (
            *("example.com", "mailw.com", "small.com", "love.com", "sol.com"),
            *("gmail.fr", "yahoo.ca", "yahoo.co.uk", "hotmail.fr", "live.nl"),
            *("att.com", "cox.com", "verizon.com", "gmx.de", "k12.oh.us"),
            *("mail.gmail.com", "mx.com", "hey.com", "ohio.edu", "proton.com"),
        ):
            self.assertEqual(suggest(f"ana@{host}"), "", host)

    def test_text_that_is_no_address_gets_no_suggestion(self):
        for text in ("", "ana", "gmial.com", "@gmial.com", "@", "ana@", "\x00@\x00"):
            self.assertEqual(suggest(text), "", text)
