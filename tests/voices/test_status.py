from itertools import product

from django.test import TestCase
from django.utils import timezone

from tests.factories import STATEMENT
from voices.models import Voice
from voices.wall.models import Status

NOW = timezone.now()
# What the site knows of a voice before anything is derived from it.
DATES = [
    "review_since",
    "published_at",
    "declined_at",
    "changes_asked_at",
    "taken_down_at",
    "withdrawn_at",
    "invalidated_at",
    "corrected_at",
    "reported_at",
    "featured_at",
]


def is_public(voice):
    return bool(
        voice.published_at
        and not voice.taken_down_at
        and not voice.withdrawn_at
        and not voice.invalidated_at
    )


def is_undecided(voice):
    has_end = voice.withdrawn_at or voice.invalidated_at
    has_decision = voice.published_at or voice.declined_at
    return not has_end and not has_decision


def is_waiting(voice):
    if voice.withdrawn_at or voice.invalidated_at or voice.taken_down_at:
        return False
    return bool(
        (is_undecided(voice) and voice.review_since and not voice.changes_asked_at)
        or (voice.published_at and voice.corrected_at)
        or voice.reported_at
    )


def expected_status(voice):
    if voice.withdrawn_at:
        return "withdrawn"
    if voice.invalidated_at:
        return "invalidated"
    if voice.taken_down_at:
        return "taken-down"
    if voice.published_at:
        return "published"
    if voice.declined_at:
        return "declined"
    if voice.changes_asked_at:
        return "changes-asked"
    return "waiting" if voice.review_since else "set-aside"


def is_allowed(voice):
    """Whether the constraints of the table let a voice have these dates."""
    on_the_wall = is_public(voice) and voice.statement
    return (
        not (voice.published_at and voice.declined_at)
        and not (voice.taken_down_at and not voice.published_at)
        and not (voice.featured_at and not on_the_wall)
    )


class StatusTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        possible = (
            Voice(
                name="Ada Reyes",
                statement=statement,
                **dict(zip(DATES, dates, strict=True)),
            )
            for dates in product([None, NOW], repeat=len(DATES))
            for statement in ("", STATEMENT)
        )
        Voice.objects.bulk_create(filter(is_allowed, possible))

    def assert_selects(self, queryset, holds):
        expected = {voice.pk for voice in Voice.objects.all() if holds(voice)}
        self.assertTrue(expected)
        self.assertEqual(set(queryset.values_list("pk", flat=True)), expected)

    def test_each_combination_of_dates_has_one_status(self):
        statuses = set()
        for voice in Voice.objects.all():
            self.assertEqual(voice.status, expected_status(voice))
            statuses.add(voice.status)

        self.assertEqual(statuses, set(Status.values))

    def test_the_querysets_agree_with_the_dates(self):
        voices = Voice.objects.all()

        self.assert_selects(voices.published(), is_public)
        self.assert_selects(
            voices.on_the_wall(), lambda voice: is_public(voice) and voice.statement
        )
        self.assert_selects(
            voices.featured(), lambda voice: is_public(voice) and voice.featured_at
        )
        self.assert_selects(voices.waiting(), is_waiting)
        self.assert_selects(
            voices.undecided(),
            lambda voice: (
                is_undecided(voice) and (voice.review_since or voice.changes_asked_at)
            ),
        )

    def test_the_properties_agree_with_the_dates(self):
        for voice in Voice.objects.all():
            self.assertEqual(voice.is_published, is_public(voice))
            self.assertEqual(
                voice.is_in_review,
                is_undecided(voice) and not voice.changes_asked_at,
            )
            self.assertEqual(
                voice.awaits_changes,
                bool(is_undecided(voice) and voice.changes_asked_at),
            )
            self.assertEqual(
                voice.status_since, None if voice.status == "set-aside" else NOW
            )

    def test_a_saved_instance_has_its_new_status(self):
        voice = Voice.objects.undecided().filter(status="waiting").first()

        voice.published_at = NOW
        voice.save(update_fields=["published_at"])

        self.assertTrue(voice.is_published)
