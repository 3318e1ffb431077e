from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import Permission
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from faq.models import TEXTS
from faq.to_check import list_dates, list_rows
from tests.factories import make_staff
from tests.faq.texts import make_case, make_chart, make_entry, make_page, make_question

URL = "/admin/texts-to-check/"


def days_ago(days):
    return timezone.localdate() - timedelta(days=days)


class ToCheckTests(TestCase):
    def setUp(self):
        self.old = days_ago(settings.AS_OF_DAYS + 1)

    def sign_in(self, *permissions):
        staff = make_staff(is_superuser=not permissions)
        chosen = Permission.objects.filter(codename__in=permissions)
        staff.user_permissions.set(chosen)
        self.client.force_login(staff)

    def test_lists_public_texts_with_an_old_date_oldest_first(self):
        make_question("Old?", as_of=self.old)
        make_case("Older v. Roe", as_of=days_ago(400))
        make_question("Not so old?", as_of=days_ago(settings.AS_OF_DAYS))
        make_question("Undated?")
        make_question("Draft?", as_of=self.old, publish_at=None)

        rows = list_rows()

        self.assertEqual([str(r.text) for r in rows], ["Older v. Roe", "Old?"])
        self.assertEqual([row.kind for row in rows], ["Case", "Question"])
        self.assertEqual(list_dates(), [days_ago(400), self.old])

    def test_the_page_leads_to_each_text(self):
        makers = (make_question, make_case, make_entry, make_chart, make_page)
        for make in makers:
            make(as_of=self.old)
        self.sign_in()

        response = self.client.get(URL)

        for row in list_rows():
            self.assertContains(response, f'href="{row.path}"')
            self.assertEqual(self.client.get(row.path).status_code, 200)
        self.assertEqual(len(list_rows()), len(TEXTS))

    def test_the_first_page_of_the_admin_counts_them_in_one_query(self):
        make_question(as_of=self.old)
        make_case(as_of=self.old)
        self.sign_in()

        response = self.client.get("/admin/")

        self.assertContains(
            response, f'href="{URL}"><b>2</b> texts with an old “as of”'
        )
        with self.assertNumQueries(1):
            list_dates()

    def test_shows_only_kinds_that_the_account_may_view(self):
        make_question("Which bills?", as_of=self.old)
        make_case("Doe v. Roe", as_of=self.old)
        self.sign_in("view_case")

        response = self.client.get(URL)

        self.assertContains(response, "Doe v. Roe")
        self.assertNotContains(response, "Which bills?")
        self.assertContains(self.client.get("/admin/"), "<b>1</b> text with an old")

    def test_is_hidden_from_accounts_that_may_view_no_text(self):
        make_question(as_of=self.old)
        self.sign_in("view_figures")

        self.assertEqual(self.client.get(URL).status_code, 403)
        self.assertNotContains(self.client.get("/admin/"), URL)

    def test_says_so_when_there_are_none(self):
        self.sign_in()

        self.assertContains(self.client.get(URL), "Nothing to check.")
        self.assertNotContains(self.client.get("/admin/"), URL)


class AsOfTests(TestCase):
    def test_readers_see_it_on_each_kind_of_text(self):
        make_question(slug="what", as_of="2026-03-04")
        make_case(slug="doe", as_of="2026-03-05")
        make_page(
            "explained", body="[[timeline]]\n\n[[chart:pays]]", as_of="2026-03-06"
        )
        make_entry(as_of="2026-03-07")
        make_chart(slug="pays", as_of="2026-03-08")

        for path, days in (
            ("/faq/", [4]),
            ("/faq/what/", [4]),
            ("/cases/doe/", [5]),
            ("/explained/", [6, 7, 8]),
        ):
            response = self.client.get(path)
            for day in days:
                with self.subTest(path, day=day):
                    said = f'As of <time datetime="2026-03-0{day}">March {day}, 2026'
                    self.assertContains(response, said, count=1)

    def test_a_text_without_one_shows_none(self):
        make_question(slug="what")

        self.assertNotContains(self.client.get("/faq/what/"), "As of")

    def test_staff_set_it_and_it_is_not_in_the_future(self):
        self.client.force_login(make_staff())
        question = make_question(slug="what", publish_at=None)
        path = reverse("admin:faq_question_change", args=[question.pk])
        form = self.client.get(path).context["adminform"].form
        names = ("question", "topic", "order", "answer")
        fields = {name: form[name].value() for name in names}
        fields |= {"sources-TOTAL_FORMS": 0, "sources-INITIAL_FORMS": 0}

        later = self.client.post(path, fields | {"as_of": str(days_ago(-2))})
        self.client.post(path, fields | {"as_of": str(days_ago(0))})

        self.assertContains(later, "This day is in the future.")
        question.refresh_from_db()
        self.assertEqual(question.as_of, days_ago(0))
