import re
from html.parser import HTMLParser

from django.test import SimpleTestCase
from django.utils.safestring import SafeString, mark_safe
from hypothesis import example, given
from hypothesis import strategies as st

from faq.check import LONGEST, problems
from faq.markdown import (
    ATTRIBUTES,
    SCHEMES,
    TAGS,
    mark_matches,
    paragraphs,
    print_values,
    render,
)

# The syntax of Markdown, and what an attacker would add.
PIECES = st.sampled_from(
    [
        *("# ", "## ", "- ", "1. ", "> ", "    ", "\n", "\n\n", "```", "`", "***", "_"),
        *("[", "]", "(", ")", "![", "](", "<", ">", '"', "'", "\\", "&", "|", "---"),
        *("[^a]", "[^a]: ", "[[timeline]]", "{{ site_name }}", "| a |\n|:-:|\n| b |"),
        *("<script>", "</script>", "<img src=x onerror=alert(1)>", "<svg/onload=x>"),
        *("javascript:alert(1)", "data:text/html,x", "vbscript:x", "&#106;avascript:x"),
        *("[x](javascript:alert(1))", "<javascript:alert(1)>", "[x]: javascript:a()"),
        *("https://a.b/", "//a.b", "[x](<http://[>)", "style=", "<b id=main>", "<!--"),
        *("</p></div>", "<p style='x'>", "\x00", "\ufffd", "‮", "é", "word "),
    ]
)
MARKDOWN = st.lists(PIECES | st.text(max_size=8), max_size=40).map("".join)


class Page(HTMLParser):
    """A text's HTML as a browser would parse it."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags = set()
        self.attributes = []
        self.ids = []
        self.comments = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id"]

    handle_startendtag = handle_starttag

    def handle_comment(self, data):
        self.comments.append(data)

    handle_decl = unknown_decl = handle_pi = handle_comment


class AnyTextTests(SimpleTestCase):
    @given(MARKDOWN)
    @example("<script>alert(1)</script>")
    @example('[x](https://a.b "t" onclick=alert(1))')
    @example("|a|\n|:-:|\n|b|")
    def test_yields_no_tag_and_no_attribute_off_the_list(self, text):
        html = render(text, "q-").html

        self.assertIsInstance(html, SafeString)
        page = Page(html)
        self.assertLessEqual(page.tags, TAGS)
        self.assertEqual(page.comments, [])
        for tag, name, value in page.attributes:
            self.assertIn(name, ATTRIBUTES.get(tag, set()))
            if name == "href":
                scheme = re.match(r"\s*([A-Za-z][\w+.-]*):", value)
                self.assertTrue(scheme is None or scheme[1].lower() in SCHEMES, value)
            if name == "class":
                self.assertIn(value, {"footnotes", "scroll"})

    @given(MARKDOWN)
    def test_has_ids_of_its_own_only(self, text):
        ids = Page(render(text, "q-").html).ids

        self.assertTrue(all(each.startswith("q-") for each in ids))
        self.assertEqual(len(ids), len(set(ids)))

    @given(MARKDOWN)
    def test_can_be_checked_and_read_out(self, text):
        problems(text)

        self.assertNotIn("[[timeline]]", paragraphs(text))

    @given(st.text(alphabet="<>&'\"\x02\x03ab"))
    def test_only_marks_stand_in_an_excerpt(self, text):
        self.assertLessEqual(Page(mark_matches(text)).tags, {"mark"})


class RenderTests(SimpleTestCase):
    def test_shows_what_markdown_says(self):
        html = render("A *rule* of **judges**.\n\n- one\n- two\n").html

        self.assertIn("<p>A <em>rule</em> of <strong>judges</strong>.</p>", html)
        self.assertIn("<li>one</li>", html)

    def test_shows_raw_html_as_the_text_that_it_is(self):
        html = render("<script>alert(1)</script>\n\nA <b>word</b>").html

        self.assertIn("&lt;script&gt;", html)
        self.assertNotIn("<b>", html)

    def test_does_not_link_to_scripts(self):
        self.assertNotIn("<a", render("[x](javascript:alert(1))").html)

    def test_marks_links_to_other_sites(self):
        html = render("[there](https://a.example/) [here](/faq/) [us][]").html

        self.assertIn('<a href="https://a.example/" rel="noopener external">', html)
        self.assertIn('<a href="/faq/">', html)

    def test_gives_headings_ids_and_lists_them(self):
        rendered = render("## Who *pays*\n\n### More\n\n## Who pays\n", "x-")

        self.assertIn('<h2 id="x-s-who-pays">', rendered.html)
        self.assertEqual([h.text for h in rendered.headings], ["Who pays"] * 2)
        self.assertEqual(len({h.id for h in rendered.headings}), 2)

    def test_footnotes_lead_there_and_back(self):
        html = render("One.[^n] Two.[^n]\n\n[^n]: The *note*.\n", "q-").html

        for link, target in (("q-fn1", "li"), ("q-r1", "a"), ("q-r1-2", "a")):
            self.assertIn(f'href="#{link}"', html)
            self.assertRegex(html, rf'<{target}[^>]* id="{link}"|<{target} id="{link}"')
        self.assertIn('aria-label="Footnote 1"', html)
        self.assertIn('<h2 id="q-notes">Notes</h2>', html)

    def test_a_table_is_one_that_scrolls_by_itself(self):
        html = render("| a | b |\n|---|:-:|\n| 1 | 2 |\n").html

        self.assertIn('<div class="scroll"><table>', html)
        self.assertNotIn("style", html)

    def test_puts_parts_in_place_of_their_names(self):
        def part(name):
            return mark_safe(f"<hr>{name}")

        html = render("Look:\n\n[[timeline]]\n\nno [[timeline]]\n", part=part).html

        self.assertIn("<hr>timeline", html)
        self.assertIn("<p>no [[timeline]]</p>", html)

    def test_prints_values_as_text(self):
        text = print_values("Up to {{ days }}. {{ other }}", {"days": "*7* <b>"})

        html = render(text).html
        self.assertIn("<p>Up to *7* &lt;b&gt;. {{ other }}</p>", html)

    def test_reads_out_the_words(self):
        text = "A *b*[^n]\nc.\n\n[[timeline]]\n\n- d\n\n[^n]: Note.\n"

        self.assertEqual(paragraphs(text), ("A b c.", "d"))


class ProblemTests(SimpleTestCase):
    def said(self, text):
        return [(problem.line, problem.sentence) for problem in problems(text)]

    def test_finds_nothing_wrong_with_a_plain_text(self):
        text = "A [link](/faq/), <https://a.example/>, *x*.[^1]\n\n## H\n\n[^1]: N.\n"

        self.assertEqual(self.said(text), [])

    def test_names_the_line(self):
        said = self.said("Good.\n\n<div>\n\n[x](data:text/html,x)\n")

        self.assertEqual([line for line, _ in said], [3, 5])

    def test_finds_footnotes_that_lead_nowhere(self):
        said = self.said("One.[^a]\n\n[^b]: Two.\n")

        self.assertIn((1, "The footnote [^a] has no text."), said)
        self.assertIn((3, "The footnote [^b] is never referenced."), said)

    def test_refuses_a_text_of_a_megabyte_at_once(self):
        said = self.said("[" * 1_000_000)

        self.assertEqual(len(said), 1)
        self.assertIn(f"the limit is {LONGEST:,}", said[0][1])
