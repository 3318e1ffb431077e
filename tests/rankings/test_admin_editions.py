import datetime

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from rankings.models import Assessment, Citation, Edition
from tests.factories import (
    make_assessments,
    make_citation,
    make_edition,
    make_staff,
    publishing,
)

LIST = reverse("admin:rankings_edition_changelist")
ADD = reverse("admin:rankings_edition_add")


def page(view, edition):
    return reverse(f"admin:rankings_edition_{view}", args=[edition.pk])


class AdminTestCase(TestCase):
    def setUp(self):
        self.by = make_staff()
        self.client.force_login(self.by)
        with publishing("2026-01-01", title="First") as self.current:
            make_assessments(
                self.current,
                CA={"right_to_sue": "statute", "immunity": "barred"},
                OH={"right_to_sue": "unclear"},
            )

    def let(self, *codenames):
        staff = make_staff("editor", is_superuser=False)
        staff.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        self.client.force_login(staff)

    def draft(self):
        return self.current.copy(datetime.date(2026, 2, 1), "Second")


class DraftTests(AdminTestCase):
    def test_a_new_one_starts_as_a_copy_of_the_current_one(self):
        with publishing("2026-01-02", title="Newest") as newest:
            make_assessments(newest)
            make_citation(newest.assessments.get(usps="TX"), "A v. B")

        form = self.client.get(ADD)
        answer = self.client.post(
            ADD, {"date": "2026-02-01", "title": "Second", "notes": "New."}, follow=True
        )

        self.assertContains(form, "New draft from Newest (2026-01-02)")
        self.assertContains(answer, "was added successfully")
        draft = Edition.objects.drafts().get()
        self.assertEqual((draft.title, draft.notes), ("Second", "New."))
        self.assertEqual(draft.assessments.count(), 51)
        self.assertTrue(Citation.objects.filter(assessment__edition=draft).exists())

    def test_a_date_has_one_edition(self):
        answer = self.client.post(ADD, {"date": "2026-01-01", "title": "Second"})

        self.assertContains(answer, "Edition with this As of already exists.")
        self.assertContains(answer, 'value="Second"')
        self.assertEqual(Edition.objects.get(), self.current)

    def test_a_draft_is_changed_and_deleted_with_all_it_holds(self):
        draft = self.draft()

        self.client.post(
            page("change", draft), {"date": "2026-02-02", "title": "Better"}
        )
        draft.refresh_from_db()
        self.assertEqual((draft.title, str(draft.date)), ("Better", "2026-02-02"))

        self.client.post(page("delete", draft), {"post": "yes"})
        self.assertEqual(Edition.objects.get(), self.current)
        self.assertEqual(Assessment.objects.count(), 51)

    def test_of_a_published_one_the_words_change_and_not_the_date(self):
        answer = self.client.get(page("change", self.current))
        self.assertNotContains(answer, 'name="date"')

        self.client.post(
            page("change", self.current),
            {"date": "2026-02-02", "title": "First", "notes": "Texas was wrong."},
        )

        self.current.refresh_from_db()
        self.assertEqual(str(self.current.date), "2026-01-01")
        self.assertEqual(self.current.notes, "Texas was wrong.")

    def test_only_a_published_one_has_a_page_to_view(self):
        draft = self.client.get(page("change", self.draft()))
        self.assertNotContains(draft, "View on site")

        published = self.client.get(page("change", self.current))
        self.assertContains(published, "View on site")

    def test_a_published_one_is_not_deleted(self):
        for answer in (
            self.client.post(page("delete", self.current), {"post": "yes"}),
            self.client.post(
                LIST,
                {
                    "action": "delete_selected",
                    "_selected_action": [self.current.pk],
                    "post": "yes",
                },
            ),
        ):
            self.assertEqual(answer.status_code, 403)

        self.assertTrue(Edition.objects.exists())

    def test_the_list_takes_as_many_queries_for_many_as_for_few(self):
        for month in range(1, 10):
            make_edition(f"2025-0{month}-01", published_by=self.by)

        with self.assertNumQueries(4):
            self.client.get(LIST)


class PublishTests(AdminTestCase):
    def publish(self, draft):
        """Press the page's button, with the form as it is now."""
        seen = self.client.get(page("publish", draft)).context["seen"]
        return self.client.post(page("publish", draft), {"seen": seen}, follow=True)

    def moves(self, draft):
        moves = self.client.get(page("publish", draft)).context["moves"]
        return {move.usps: (move.before, move.after, move.changed) for move in moves}

    def test_the_effect_on_ranks_is_shown_first(self):
        draft = self.draft()
        draft.assessments.filter(usps="TX").update(
            right_to_sue="court", immunity="limited", summary="New."
        )
        draft.assessments.filter(usps="CA").update(right_to_sue="", immunity="")
        make_citation(draft.assessments.get(usps="NM"), "A v. B", to_verify=True)

        answer = self.client.get(page("publish", draft))

        moves = self.moves(draft)
        self.assertEqual(list(moves)[:3], ["CA", "NM", "TX"])
        texas = moves["TX"]
        self.assertEqual((texas[0].letter, texas[0].rank), ("F", 3))
        self.assertEqual((texas[1].letter, texas[1].rank), ("C", 1))
        self.assertEqual(texas[2], ["right to sue", "immunity", "summary"])
        self.assertEqual(moves["NM"][2], ["citations"])
        self.assertFalse(moves["CA"][1].assessed)
        self.assertNotIn("AL", moves)
        self.assertContains(answer, "C, 50 points, rank 1")
        self.assertContains(answer, "Not assessed")
        self.assertContains(
            answer, "1 of its citations has not been checked by a lawyer"
        )
        self.assertFalse(Edition.objects.get(pk=draft.pk).is_published)

    def test_a_state_that_only_others_move_is_told_apart(self):
        draft = self.draft()
        draft.assessments.filter(usps="CA").update(right_to_sue="none", immunity="")

        moves = self.moves(draft)

        self.assertEqual((moves["OH"][0].rank, moves["OH"][1].rank), (2, 1))
        self.assertEqual(moves["OH"][2], [])
        self.assertContains(self.client.get(page("publish", draft)), "only its rank")

    def test_the_button_publishes_it_and_the_log_says_who(self):
        draft = self.draft()

        answer = self.publish(draft)

        self.assertContains(answer, "Published: Second (2026-02-01).")
        self.assertEqual(Edition.objects.current(), draft)
        draft.refresh_from_db()
        self.assertEqual(draft.published_by, self.by)
        self.assertEqual(LogEntry.objects.get().get_change_message(), "Published.")

    def test_a_second_press_publishes_nothing_more_and_says_so(self):
        draft = self.draft()
        seen = self.client.get(page("publish", draft)).context["seen"]
        self.client.post(page("publish", draft), {"seen": seen})
        at = Edition.objects.get(pk=draft.pk).published_at

        answer = self.client.post(page("publish", draft), {"seen": seen})

        self.assertContains(answer, "This edition is already published.")
        self.assertContains(answer, "This edition was published on")
        self.assertNotContains(answer, "Publish it")
        self.assertEqual(Edition.objects.get(pk=draft.pk).published_at, at)

    def test_what_changed_since_the_page_was_opened_is_read_again(self):
        draft = self.draft()
        seen = self.client.get(page("publish", draft)).context["seen"]
        draft.assessments.filter(usps="TX").update(summary="New.")

        for stale in (seen, "", "x"):
            answer = self.client.post(page("publish", draft), {"seen": stale})

            self.assertContains(answer, "It has changed since you opened this page.")
            self.assertFalse(Edition.objects.get(pk=draft.pk).is_published)

    def test_one_that_lacks_a_state_is_refused_with_a_sentence(self):
        draft = self.draft()
        draft.assessments.filter(usps__in=["TX", "DC"]).delete()

        shown = self.client.get(page("publish", draft))
        answer = self.publish(draft)

        sentence = "No assessment for: District of Columbia, Texas."
        self.assertContains(shown, sentence)
        self.assertNotContains(shown, "Publish it")
        self.assertContains(answer, sentence)
        self.assertEqual(Edition.objects.current(), self.current)

    def test_one_of_a_day_to_come_is_refused(self):
        tomorrow = timezone.localdate() + datetime.timedelta(days=1)
        draft = self.current.copy(tomorrow, "Second")

        self.assertContains(self.publish(draft), "can’t be published before its date")
        self.assertEqual(Edition.objects.current(), self.current)

    def test_the_action_leads_to_the_page_of_one_edition(self):
        draft = self.draft()
        one = {"action": "publish", "_selected_action": [draft.pk]}

        answer = self.client.post(LIST, one)
        both = one | {"_selected_action": [draft.pk, self.current.pk]}
        refused = self.client.post(LIST, both, follow=True)

        self.assertRedirects(answer, page("publish", draft))
        self.assertContains(refused, "Publish one edition at a time.")

    def test_takes_the_right_to_publish(self):
        draft = self.draft()
        self.let("view_edition", "change_edition")
        for answer in (
            self.client.get(page("publish", draft)),
            self.client.post(page("publish", draft)),
        ):
            self.assertEqual(answer.status_code, 403)
        self.assertNotContains(self.client.get(LIST), "Publish…")

        self.client.logout()
        self.assertEqual(self.client.get(page("publish", draft)).status_code, 302)

    def test_an_edition_that_is_not_there_is_not_found(self):
        for pk in (0, 10**30):
            path = reverse("admin:rankings_edition_publish", args=[pk])
            self.assertEqual(self.client.get(path).status_code, 404)

    def test_the_page_takes_as_many_queries_for_many_moves_as_for_few(self):
        draft = self.draft()
        draft.assessments.update(right_to_sue="unclear", immunity="")

        with self.assertNumQueries(14):
            self.client.get(page("publish", draft))
