from functools import partial

from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from rankings.models import Assessment, Edition, Upload
from rankings.tasks import forget_uploads
from tests.committed import CommittedTestCase, at_once
from tests.factories import make_staff
from tests.rankings.files import as_file, edited, load_second_edition, write

IMPORT = reverse("admin:rankings_assessment_import")
PROCESS = reverse("admin:rankings_assessment_process_import")
NEW = {"into": "new", "date": "2026-11-28", "title": "Third edition"}


class AtOnceTests(CommittedTestCase):
    def setUp(self):
        super().setUp()
        load_second_edition()
        self.by = make_staff()

    def staff(self, by=None):
        client = Client(raise_request_exception=False)
        client.force_login(by or self.by)
        return client

    def preview(self, rows, **fields):
        filled = {"format": "0", "resource": "0", **NEW, **fields}
        file = as_file(write(rows))
        page = self.staff().post(IMPORT, {"import_file": file, **filled})
        initial = page.context["confirm_form"].initial
        return {name: value for name, value in initial.items() if value is not None}

    def confirm(self, hidden, by=None):
        return self.staff(by).post(PROCESS, hidden, follow=True)

    def test_one_file_that_is_confirmed_twice_at_once_is_imported_once(self):
        hidden = self.preview(edited("TX", summary="New."))

        answers = at_once(*[partial(self.confirm, hidden) for _ in range(4)])

        self.assertEqual({answer.status_code for answer in answers}, {200})
        said = [answer.content.decode() for answer in answers]
        self.assertEqual(sum("Imported into" in page for page in said), 1)
        draft = Edition.objects.drafts().get()
        self.assertEqual(draft.assessments.count(), 51)
        self.assertEqual(draft.assessments.get(usps="TX").summary, "New.")

    def test_only_the_person_who_uploaded_a_file_imports_it(self):
        other = make_staff("other")
        hidden = self.preview(edited("TX", summary="New."))

        theirs, mine = at_once(
            partial(self.confirm, hidden, other), partial(self.confirm, hidden)
        )

        self.assertContains(theirs, "uploaded by someone else")
        self.assertNotContains(theirs, "New.")
        self.assertContains(mine, "Imported into")
        self.assertEqual(LogEntry.objects.filter(user=other).count(), 0)
        self.assertFalse(Upload.objects.exists())

    def test_anothers_try_leaves_the_file_to_its_owner(self):
        hidden = self.preview(edited("TX", summary="New."))

        self.confirm(hidden, make_staff("other"))

        self.assertTrue(Upload.objects.filter(owner=self.by).exists())
        self.assertFalse(Edition.objects.drafts().exists())
        self.assertContains(self.confirm(hidden), "Imported into")

    def test_a_file_whose_day_has_passed_is_not_imported_and_goes(self):
        hidden = self.preview(edited("TX", summary="New."))
        Upload.objects.update(ends_at=timezone.now())

        late = self.confirm(hidden)
        forget_uploads(timestamp=0)

        self.assertContains(late, "has expired after a day")
        self.assertFalse(Edition.objects.drafts().exists())
        self.assertFalse(Upload.objects.exists())

    def test_of_two_files_for_one_draft_the_second_is_shown_again(self):
        draft = Edition.objects.current().copy("2026-11-28", "Third edition")
        into = str(draft.pk)
        first = self.preview(edited("TX", summary="First."), into=into)
        second = self.preview(edited("TX", summary="Second."), into=into)

        answers = at_once(partial(self.confirm, first), partial(self.confirm, second))

        said = [answer.content.decode() for answer in answers]
        self.assertEqual(sum("Imported into" in page for page in said), 1)
        self.assertEqual(
            sum("The draft has changed since the preview" in page for page in said), 1
        )
        self.assertEqual(Upload.objects.count(), 1)

    def test_of_two_new_drafts_of_one_date_there_is_one_and_it_is_whole(self):
        previews = [self.preview(edited(usps, summary="New.")) for usps in ("TX", "OH")]

        answers = at_once(*[partial(self.confirm, hidden) for hidden in previews])

        self.assertEqual({answer.status_code for answer in answers}, {200})
        draft = Edition.objects.drafts().get()
        self.assertEqual(draft.assessments.count(), 51)
        self.assertEqual(draft.assessments.filter(summary="New.").count(), 1)

    def test_an_import_that_fails_at_its_last_row_leaves_nothing(self):
        hidden = self.preview(edited("TX", summary="New."))
        Upload.objects.update(data=write(edited("WY", covers="some", summary="New.")))

        answer = self.confirm(hidden)

        self.assertContains(answer, "Row 52, column covers")
        self.assertFalse(Edition.objects.drafts().exists())
        self.assertFalse(Assessment.objects.filter(summary="New.").exists())

    def test_an_edition_that_is_published_twice_at_once_is_published_once(self):
        draft = Edition.objects.current().copy("2026-11-28", "Third edition")
        path = reverse("admin:rankings_edition_publish", args=[draft.pk])
        seen = self.staff().get(path).context["seen"]

        def publish():
            return self.staff().post(path, {"seen": seen}, follow=True)

        answers = at_once(*[publish] * 4)

        said = [answer.content.decode() for answer in answers]
        self.assertEqual(sum("Published: Third" in page for page in said), 1)
        self.assertEqual(sum("already published" in page for page in said), 3)
        self.assertEqual(Edition.objects.current(), draft)
