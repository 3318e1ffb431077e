import re
from unittest import mock

from django.http import HttpResponse, QueryDict
from django.test import RequestFactory, SimpleTestCase, TestCase

from core.public import Parameter
from operations import cache_rules, warm
from operations.parameters import canonical_query, drop_unknown_parameters
from tests.factories import make_published_voice
from tests.faq.texts import make_question
from tests.pages import PUBLIC

UNKNOWN = "utm_source=x&fbclid=y&x=%FF&state%5B%5D=TX&Q=z&&=&"
KNOWN = (
    Parameter("state"),
    Parameter("q"),
    Parameter("theme", values=("light", "dark")),
    Parameter("s", repeats=True),
)


class CanonicalQueryTests(SimpleTestCase):
    def test_equivalent_queries_have_one_canonical_form(self):
        for written, canonical in (
            ("", ""),
            ("x=1", ""),
            ("q=a&state=TX", "state=TX&q=a"),
            ("state=TX&q=a", "state=TX&q=a"),
            ("q=a&x=1&state=TX&y", "state=TX&q=a"),
            ("q=a&q=b", "q=b"),
            ("q=a&q=", "q=a"),
            ("q=&state=", ""),
            ("q=a+b", "q=a+b"),
            ("q=a%20b", "q=a+b"),
            ("%71=a", "q=a"),
            ("x=?q=a", ""),
            ("theme=pink", ""),
            ("theme=dark&theme=pink", "theme=dark"),
            ("s=TX&q=a&s=&s=NM", "q=a&s=TX&s=NM"),
            ("q=%E2%80%9C", "q=%E2%80%9C"),
        ):
            with self.subTest(written):
                self.assertEqual(canonical_query(KNOWN, QueryDict(written)), canonical)


class UnknownParametersTests(TestCase):
    def test_they_change_no_public_page(self):
        make_published_voice()
        make_question(slug="split-second-decisions")
        seen = 0
        for page in PUBLIC:
            if page.then or page.trouble:
                continue
            path = page.path()
            plain = self.client.get(path)
            if "s-maxage" not in plain["Cache-Control"]:
                continue
            seen += 1
            mark = "&" if "?" in path else "?"

            asked = self.client.get(f"{path}{mark}{UNKNOWN}")

            with self.subTest(path):
                self.assertEqual(asked.content, plain.content)
                self.assertEqual(asked["ETag"], plain["ETag"])
                self.assertEqual(plain["Vary"], "Accept-Encoding")
        self.assertGreater(seen, 15)

    def test_other_requests_keep_all_parameters(self):
        seen = []
        middleware = drop_unknown_parameters(lambda request: seen.append(request.GET))

        middleware(RequestFactory().get("/voices/manage/x/?done=saved&x=1"))
        middleware(RequestFactory().get("/none/?x=1"))
        middleware(RequestFactory().post("/voices/?x=1"))

        self.assertEqual([len(query) for query in seen], [2, 1, 1])

    def test_a_tag_does_not_change_a_public_page(self):
        plain = self.client.get("/rankings/")
        tagged = self.client.get("/rankings/?from=poster")

        self.assertEqual(tagged.content, plain.content)
        self.assertEqual(tagged["ETag"], plain["ETag"])


class WarmSearchesTests(SimpleTestCase):
    def setUp(self):
        pages = warm.WarmPages()
        pages.listening = True
        patch = mock.patch.object(warm, "pages", pages)
        patch.start()
        self.addCleanup(patch.stop)
        self.made = []
        self.ask = drop_unknown_parameters(warm.warm_pages(self.make))

    def make(self, request):
        self.made.append(request.get_full_path())
        return HttpResponse("A page.", headers={"Cache-Control": "public"})

    def get(self, path):
        return self.ask(RequestFactory().get(path))

    def test_unknown_parameters_and_other_orders_make_no_copies(self):
        for path in (
            "/voices/?q=a&state=TX",
            "/voices/?state=TX&q=a",
            "/voices/?x=1&q=a&state=TX&from=elsewhere",
            "/privacy/",
            "/privacy/?x=1",
            "/privacy/?q=a&from=elsewhere",
        ):
            self.get(path)

        self.assertEqual(self.made, ["/voices/?state=TX&q=a", "/privacy/"])

    def test_searches_evict_no_other_pages(self):
        self.get("/privacy/")

        for number in range(700):
            self.get(f"/voices/?q={number}")
        self.get("/privacy/")

        self.assertEqual(self.made.count("/privacy/"), 1)
        self.assertLessEqual(len(warm.pages.asked.pages), 100)


class CacheRulesTests(SimpleTestCase):
    def test_the_cache_rules_match_the_pages(self):
        self.assertEqual(
            cache_rules.FILE.read_text(),
            cache_rules.vcl(),
            'Run `make manage c="write_cache_rules"`.',
        )

    def test_a_parameter_that_repeats_keeps_only_the_values_it_allows(self):
        both = Parameter("s", values=("TX", "NM"), repeats=True)

        [other] = re.findall(r'"(&\(\?!.*)", ""\)', cache_rules.collect(both))

        for query in ("s=TX&s=OH&q=a&s=NM", "s=TXX&s=&s=TX&s=NM"):
            with self.subTest(query):
                self.assertEqual(re.sub(other, "", f"&{query}"), "&s=TX&s=NM")
                self.assertEqual(canonical_query([both], QueryDict(query)), "s=TX&s=NM")

    def test_each_url_matches_its_own_rule_first(self):
        branches = re.findall(
            r'if \(req\.url ~ "(\^/\(\?:.*?)"\) \{\n(.*?)\n    \}',
            cache_rules.vcl(),
            re.DOTALL,
        )

        def rule_of(url):
            return next(does for found, does in branches if re.search(found, url))

        for url, does in (
            ("/?x=1", 'X-Asked = ""'),
            ("/voices/?q=a", "(q="),
            ("/voices/add/?from=poster", "Not cached"),
            ("/voices/manage/x.y:z/?done=saved", "Not cached"),
            ("/rankings/?sort=name", "(sort="),
            ("/rankings/report/?state=NM", "Not cached"),
            ("/rankings/compare/?s=NM", "(?!s="),
            ("/rankings/ohio/?x=1", 'X-Asked = ""'),
        ):
            with self.subTest(url):
                self.assertIn(does, rule_of(url))
