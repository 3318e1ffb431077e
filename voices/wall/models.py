from copy import copy
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Self

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVector, SearchVectorField
from django.db import models
from django.db.models.functions import Coalesce, Concat, Now
from django.db.models.lookups import IsNull
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.html import linebreaks
from django.utils.safestring import SafeString, mark_safe

from core.diffs import only_removes
from core.folding import Fold, search_words
from core.plain_text import (
    validate_city,
    validate_name,
    validate_plain_text,
    validate_profession,
)
from core.public import Content
from core.searching import Label, folded_words
from core.triggers import (
    QUEUE_PURGE,
    PagesChange,
    PublicWordsGo,
    Trigger,
    changes,
)
from rankings.states import PLACES
from voices.flags import find, rewording
from voices.flags.models import remembered_lists
from voices.flags.rules import Rules
from voices.professions import ProfessionGroup, propose_group
from voices.wall.tallies import CountCells

STATEMENT_LENGTH = 600
# The highest number that fits in the column `founding_number`.
HIGHEST_NUMBER = 2**15 - 1
# The fields that `Voice.flag` sets.
FLAGS = ["flags", "text_key", "sketch"]
# The fields that `Voice.flag` reads.
FLAGGED = {"statement", "name", "profession", "city"}


class Status(models.TextChoices):
    """The status of a voice: the first listed here whose date (see SINCE) is set."""

    WITHDRAWN = "withdrawn", "Withdrawn or erased"
    INVALIDATED = "invalidated", "Invalidated with its signature"
    TAKEN_DOWN = "taken-down", "Taken down"
    PUBLISHED = "published", "Published"
    DECLINED = "declined", "Declined"
    CHANGES_ASKED = "changes-asked", "Changes asked for"
    WAITING = "waiting", "Waiting"
    # None of the dates is set: moderators don't review the voice.
    SET_ASIDE = "set-aside", "In quarantine or rejected"


class Edited(models.TextChoices):
    """How the published statement differs from what the author sent.

    The value is set when the author approves a moderator's edit (voices/wall/edits.py),
    and cleared when a statement of the author's own takes its place.
    """

    FOR_LENGTH = "length", "Edited for length, approved by the author"
    OTHERWISE = "otherwise", "Edited, approved by the author"


# For each status, the date field that puts a voice into it; in the order of Status. For
# PUBLISHED, a founding number has the same effect; see WAS_PUBLISHED.
SINCE = {
    Status.WITHDRAWN: "withdrawn_at",
    Status.INVALIDATED: "invalidated_at",
    Status.TAKEN_DOWN: "taken_down_at",
    Status.PUBLISHED: "published_at",
    Status.DECLINED: "declined_at",
    Status.CHANGES_ASKED: "changes_asked_at",
    Status.WAITING: "review_since",
}
# Voices that are public, or were and haven't been reset since: undoing the publication,
# or new words from the author after a take-down, clears `published_at`. A founding
# voice has no publication date, because it is older than the site.
WAS_PUBLISHED = models.Q(published_at__isnull=False) | models.Q(
    founding_number__isnull=False
)
PUBLIC = models.Q(status=Status.PUBLISHED)
WITH_STATEMENT = PUBLIC & ~models.Q(statement="")
# The review queue: voices that await a decision, published voices with a pending
# correction, and reported voices that aren't withdrawn, invalidated, or taken down.
WAITING = (
    models.Q(status=Status.WAITING)
    | models.Q(status=Status.PUBLISHED, corrected_at__isnull=False)
    | models.Q(reported_at__isnull=False)
    & ~models.Q(status__in=[Status.WITHDRAWN, Status.INVALIDATED, Status.TAKEN_DOWN])
)
# Voices of the review queue that no moderator has given a first verdict on, and voices
# without flags.
UNREAD = models.Q(first_read_at=None)
UNFLAGGED = models.Q(flags=[])
# The order in which moderators get these voices: reported, corrected, then by age.
# Comparisons without parameters, so that PostgreSQL recognizes the index.
REVIEW_ORDER = (
    IsNull(models.F("reported_at"), True),
    IsNull(models.F("corrected_at"), True),
    models.F("review_since"),
    models.F("id"),
)
# For triggers: PUBLIC as SQL, and WAS_PUBLISHED for the old row and for the new row.
PUBLIC_SQL = f"status = '{Status.PUBLISHED}'"
IT_WAS_PUBLIC = pgtrigger.Q(old__published_at__isnull=False) | pgtrigger.Q(
    old__founding_number__isnull=False
)
IT_IS_PUBLIC = pgtrigger.Q(new__published_at__isnull=False) | pgtrigger.Q(
    new__founding_number__isnull=False
)
# The public fields of a voice, and `status`.
PUBLIC_WORDS = ("status", "statement", "name", "profession", "city", "state")
# The fields that public pages show, sort by, or select by. Other changes, such as a
# reader's report or new flags, leave pages warm.
ON_PAGES = (
    *(*PUBLIC_WORDS, "profession_group"),
    *("founding_number", "published_at", "featured_at", "edited"),
)
# The fields that an author can correct and a moderator can propose to edit.
WORDS = ("name", "profession", "profession_group", "city", "state", "statement")
# Voices that have flags. PostgreSQL uses the index on flags only if a query has this
# condition.
FLAGGED_ONES = ~models.Q(flags=[])
# The fields that public lists of voices need.
SHOWN = (
    *("name", "profession", "city", "state", "statement"),
    *("founding_number", "published_at", "featured_at", "wall_order", "edited"),
)
# The fields that a search looks in. The state follows the city, so that a quoted phrase
# such as "Camden Ohio" can match both.
SEARCHED = (
    *("statement", "name", "profession", "city"),
    Label("state", PLACES),
    Label("profession_group", dict(ProfessionGroup.choices)),
)
# Separates the searched fields. Folding joins initials, such as "U. S. C."; without a
# separator, it would also join "B." at the end of a field to "J. Doe" at the start of
# the next field.
BREAK = models.Value("\n")
DELETE_CARD = "DELETE FROM cards_card WHERE key = 'voices/' || OLD.id;"


class VoiceQuerySet(models.QuerySet):
    def published(self) -> Self:
        """Return public voices, with or without a statement."""
        return self.filter(PUBLIC)

    def on_the_wall(self) -> Self:
        """Return public voices that have a statement."""
        return self.filter(WITH_STATEMENT)

    def was_published(self) -> Self:
        """Return voices that are or were public; see WAS_PUBLISHED."""
        return self.filter(WAS_PUBLISHED)

    def founding(self) -> Self:
        return self.filter(founding_number__isnull=False)

    def signed(self) -> Self:
        """Return all voices except founding voices."""
        return self.filter(founding_number=None)

    def shown(self) -> Self:
        """Fetch only the fields that public lists show."""
        return self.only(*SHOWN)

    def waiting(self) -> Self:
        """Return voices in the review queue."""
        return self.filter(WAITING)

    def undecided(self) -> Self:
        """Return voices that await a moderator's decision or their author's changes."""
        return self.filter(status__in=[Status.WAITING, Status.CHANGES_ASKED])

    def count_and_oldest(self) -> tuple[int, datetime | None]:
        """Return the number of voices, and the earliest `review_since` or None."""
        found = self.aggregate(
            count=models.Count("pk"), since=models.Min("review_since")
        )
        return found["count"], found["since"]

    def featured(self) -> Self:
        """Return voices that staff featured, the most recently featured first."""
        return (
            self.on_the_wall()
            .filter(featured_at__isnull=False)
            .order_by("-featured_at", "-pk")
        )

    def after_featured(self, featured_at: datetime, pk: int) -> Self:
        """Return featured voices after this position in the order of `featured`."""
        return self.filter(
            models.Q(featured_at__lt=featured_at)
            | models.Q(featured_at=featured_at, pk__lt=pk),
            featured_at__lte=featured_at,
        )

    def in_wall_order(self) -> Self:
        """Order signers' voices newest first; then founding voices, by number."""
        return self.order_by("-wall_order", "-pk")

    def after(self, wall_order: datetime, pk: int) -> Self:
        """Return voices after this position in the wall's order."""
        return self.filter(
            models.Q(wall_order__lt=wall_order)
            | models.Q(wall_order=wall_order, pk__lt=pk),
            # This condition is redundant, but lets one index range serve the query.
            wall_order__lte=wall_order,
        )

    def matching(self, words: str) -> Self:
        """Return voices that match the query `words`, ignoring case and accents."""
        return self.filter(
            search=SearchQuery(
                search_words(words), config="english", search_type="websearch"
            )
        )


class Voice(models.Model):
    """A person's name, details, and statement, shown on the site once published.

    A founding voice has a `founding_number` and no `published_at`. Any other voice
    belongs to a signature until the voice is erased. The signature has the foreign key,
    so that public pages don't need the table of signatures, which is private.
    """

    founding_number = models.PositiveSmallIntegerField(
        null=True, blank=True, unique=True, editable=False
    )
    name = models.CharField("name as shown", max_length=100, validators=[validate_name])
    profession = models.CharField(
        max_length=80, blank=True, validators=[validate_profession]
    )
    profession_group = models.CharField(
        max_length=30, choices=ProfessionGroup, blank=True
    )
    city = models.CharField(max_length=80, blank=True, validators=[validate_city])
    state = models.CharField(max_length=2, choices=PLACES, blank=True)
    statement = models.TextField(
        max_length=STATEMENT_LENGTH, blank=True, validators=[validate_plain_text]
    )
    statement_as_sent = models.TextField(blank=True, editable=False)
    edited = models.CharField(
        max_length=9, choices=Edited, blank=True, db_default="", editable=False
    )
    # When the author submitted the pending correction. The trigger on Correction sets
    # this date.
    corrected_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Flags for moderators; see voices/flags/find.py.
    flags = ArrayField(
        models.CharField(max_length=20), default=list, blank=True, editable=False
    )
    # This key is equal for statements that differ only in case, spaces, and
    # punctuation.
    text_key = models.CharField(max_length=32, blank=True, editable=False)
    # Statements that are reworded copies of one another probably have a number at the
    # same place of their sketches; see voices/flags/rewording.py. Empty for a short
    # statement, and null until a task has computed it for a voice of an older release.
    sketch = ArrayField(models.IntegerField(), null=True, blank=True, editable=False)
    reported_at = models.DateTimeField(null=True, blank=True, editable=False)
    # When the first of two moderators gave a verdict, while the second one or a lead
    # hasn't. A trigger on Reading sets this date.
    first_read_at = models.DateTimeField(null=True, blank=True, editable=False)
    submitted_at = models.DateTimeField(db_default=Now(), editable=False)
    review_since = models.DateTimeField(null=True, blank=True, editable=False)
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    declined_at = models.DateTimeField(null=True, blank=True, editable=False)
    changes_asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    changes_asked = models.TextField(blank=True, editable=False)
    taken_down_at = models.DateTimeField(null=True, blank=True, editable=False)
    # When the author withdrew the voice. An erased voice has this date and no text.
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)
    # When staff invalidated the voice's signature; see voices/invalidation/.
    invalidated_at = models.DateTimeField(null=True, blank=True, editable=False)
    featured_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Why the voice or its correction was declined, or why the voice was taken down.
    reason = models.ForeignKey(
        "voices.Reason",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="voices",
    )
    # The database computes the status from the stored dates. Saving an instance
    # refreshes its status, but `update()` doesn't refresh loaded instances.
    status = models.GeneratedField(
        expression=models.Case(
            *(
                models.When(
                    WAS_PUBLISHED
                    if status == Status.PUBLISHED
                    else models.Q(**{f"{date}__isnull": False}),
                    then=models.Value(status),
                )
                for status, date in SINCE.items()
            ),
            default=models.Value(Status.SET_ASIDE),
        ),
        output_field=models.CharField(max_length=13, choices=Status),
        db_persist=True,
    )
    # The wall is sorted by this time, latest first. It is null if the voice has neither
    # a publication date nor a founding number. Don't show it: a founding voice gets a
    # made-up time in 1970, and lower founding numbers get later times.
    wall_order = models.GeneratedField(
        expression=Coalesce(
            "published_at",
            models.Func(
                models.Value(HIGHEST_NUMBER) - models.F("founding_number"),
                function="to_timestamp",
                output_field=models.DateTimeField(),
            ),
        ),
        output_field=models.DateTimeField(),
        db_persist=True,
    )
    search = models.GeneratedField(
        expression=SearchVector(
            # Fold all fields in one call, because PostgreSQL plans each call again for
            # every row that it writes.
            Fold(
                Concat(
                    *(part for each in SEARCHED for part in (each, BREAK)),
                    output_field=models.TextField(),
                )
            ),
            config="english",
        ),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = VoiceQuerySet.as_manager()

    class Meta:
        ordering = ["-wall_order", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(founding_number=None) | models.Q(published_at=None),
                name="voice_founding_has_no_date",
                violation_error_message="A founding voice has no date.",
            ),
            models.CheckConstraint(
                condition=~WAS_PUBLISHED | models.Q(declined_at=None),
                name="voice_published_or_declined",
                violation_error_message="A voice is published or declined, not both.",
            ),
            models.CheckConstraint(
                condition=models.Q(taken_down_at=None) | WAS_PUBLISHED,
                name="voice_taken_down_was_published",
                violation_error_message="Only a published voice can be taken down.",
            ),
            models.CheckConstraint(
                condition=models.Q(featured_at=None) | WITH_STATEMENT,
                name="voice_featured_is_on_the_wall",
                violation_error_message="Only a statement on the wall can be featured.",
            ),
        ]
        indexes = [
            models.Index(
                models.F("wall_order").desc(),
                models.F("id").desc(),
                name="voice_wall",
                condition=WITH_STATEMENT,
            ),
            models.Index(
                models.F("state"),
                models.F("wall_order").desc(),
                models.F("id").desc(),
                name="voice_wall_state",
                condition=WITH_STATEMENT,
            ),
            models.Index(
                models.F("profession_group"),
                models.F("wall_order").desc(),
                models.F("id").desc(),
                name="voice_wall_group",
                condition=WITH_STATEMENT,
            ),
            models.Index(
                models.F("state"),
                models.F("profession_group"),
                models.F("wall_order").desc(),
                models.F("id").desc(),
                name="voice_wall_both",
                condition=WITH_STATEMENT,
            ),
            models.Index(
                models.F("wall_order").desc(),
                models.F("id").desc(),
                name="voice_published",
                condition=PUBLIC,
            ),
            models.Index(
                models.F("featured_at").desc(),
                models.F("id").desc(),
                name="voice_featured",
                condition=models.Q(featured_at__isnull=False),
            ),
            models.Index(
                models.F("review_since"),
                models.F("id"),
                name="voice_waiting",
                # For the filters of the review queue.
                include=["state", "profession_group"],
                condition=WAITING,
            ),
            # For the review page: reports about public voices first, then
            # corrections, then by age. In the second index, only voices without flags.
            models.Index(*REVIEW_ORDER, name="voice_next", condition=WAITING & UNREAD),
            models.Index(
                *REVIEW_ORDER,
                name="voice_next_unflagged",
                condition=WAITING & UNREAD & UNFLAGGED,
            ),
            # For the filters of the admin's list of all voices.
            models.Index(fields=["status", "-id"], name="voice_status"),
            models.Index(fields=["state", "-id"], name="voice_state"),
            models.Index(fields=["profession_group", "-id"], name="voice_group"),
            models.Index(
                fields=["-id"],
                name="voice_reported_or_corrected",
                condition=models.Q(reported_at__isnull=False)
                | models.Q(corrected_at__isnull=False),
            ),
            GinIndex(fields=["flags"], name="voice_flags", condition=FLAGGED_ONES),
            GinIndex("search", name="voice_search", condition=WITH_STATEMENT),
            GinIndex(folded_words("name", "statement"), name="voice_words"),
            # Names alone: many are everyday words in statements.
            GinIndex(folded_words("name"), name="voice_name_words"),
            models.Index(
                fields=["text_key", "-id"],
                name="voice_text",
                # To list the voices of a campaign that have a certain status.
                include=["status", "withdrawn_at"],
                condition=~models.Q(text_key=""),
            ),
            # Not a GIN index on the array: it would have to read all rows with a
            # number, of which a campaign's text has many. These list the different
            # texts with a number.
            *(
                models.Index(
                    models.F(f"sketch__{place}"),
                    models.F("text_key"),
                    name=f"voice_sketch_{place + 1}",
                    condition=models.Q(**{f"sketch__{place}__isnull": False}),
                )
                for place in range(rewording.NUMBERS)
            ),
            models.Index(
                fields=["id"],
                name="voice_without_sketch",
                condition=models.Q(sketch=None),
            ),
        ]
        triggers = [
            CountCells(
                "SELECT 'statements', state, profession_group, 0 "
                f"WHERE {PUBLIC_SQL} AND statement <> ''",
                "SELECT 'names', state, profession_group, 0 "
                f"WHERE {PUBLIC_SQL} AND statement = ''",
                # Founding voices count as signers in the petition's first series.
                "SELECT 'signers', state, profession_group, 1 "
                f"WHERE {PUBLIC_SQL} AND founding_number IS NOT NULL",
            ),
            PagesChange(
                Content.VOICES,
                name="pages_gain_it",
                soon=True,
                level=pgtrigger.Row,
                operation=pgtrigger.Insert,
                condition=IT_IS_PUBLIC,
            ),
            PagesChange(
                Content.VOICES,
                name="pages_gain_it_later",
                soon=True,
                level=pgtrigger.Row,
                operation=pgtrigger.Update,
                condition=~IT_WAS_PUBLIC & IT_IS_PUBLIC,
            ),
            PagesChange(
                Content.VOICES,
                level=pgtrigger.Row,
                operation=pgtrigger.Update,
                condition=IT_WAS_PUBLIC & changes(*ON_PAGES),
            ),
            PagesChange(
                Content.VOICES,
                name="pages_lose_it",
                operation=pgtrigger.Delete | pgtrigger.Truncate,
            ),
            # Delete the share card in the same transaction (voices/wall/cards.py).
            PublicWordsGo(
                name="public_words_change",
                operation=pgtrigger.Update,
                condition=IT_WAS_PUBLIC & changes(*PUBLIC_WORDS),
                func=DELETE_CARD + QUEUE_PURGE,
            ),
            # An edit was proposed for these words, and to this author.
            Trigger(
                name="proposed_edits_end",
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                condition=changes("corrected_at", *PUBLIC_WORDS),
                func="""
                    DELETE FROM voices_proposededit
                    WHERE voice_id = NEW.id
                        AND approved_at IS NULL AND rejected_at IS NULL;
                    RETURN NULL;
                """,
            ),
            # A verdict is about the words that the moderator has read.
            Trigger(
                name="open_readings_end",
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                condition=changes("corrected_at", *PUBLIC_WORDS),
                func="""
                    DELETE FROM voices_reading
                    WHERE voice_id = NEW.id AND closed_at IS NULL;
                    RETURN NULL;
                """,
            ),
            PublicWordsGo(
                name="public_words_go",
                operation=pgtrigger.Delete,
                condition=IT_WAS_PUBLIC,
                func=DELETE_CARD + QUEUE_PURGE,
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._state.adding:
            self.statement_as_sent = self.statement
            self.profession_group = self.profession_group or propose_group(
                self.profession
            )
        fields = kwargs.get("update_fields")
        if fields is None or FLAGGED & set(fields):
            self.flag(*remembered_lists())
            if fields is not None:
                kwargs["update_fields"] = {*fields, *FLAGS}
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("voices:detail", args=[self.pk])

    def erase(self) -> None:
        """Clear the text and most dates.

        Keep the row, so that the page of a voice that was public returns a 410.
        """
        for field in self._meta.concrete_fields:
            if isinstance(field, models.CharField | models.TextField):
                setattr(self, field.attname, "")
        self.corrections.all().delete()
        self.proposed_edits.all().delete()
        self.appeals.all().delete()
        self.holds.all().delete()
        self.flags = []
        self.reason = None
        self.review_since = self.declined_at = self.changes_asked_at = None
        self.corrected_at = self.reported_at = self.featured_at = None
        self.withdrawn_at = self.withdrawn_at or timezone.now()
        self.save()

    def flag(self, rules: Rules, staff: set[str]) -> None:
        """Set the fields in FLAGS. Called by `save` if it saves a FLAGGED field."""
        sent = self.corrections.all() if self.pk else []
        own = {field: getattr(self, field) for field in FLAGGED}
        versions = [own, *(own | each.words for each in sent if not each.decision_id)]
        found = {*find.found_kinds([each["statement"] for each in versions], rules)}
        for each in versions:
            lines = (each["name"], each["profession"], each["city"])
            found |= find.kinds_of_lines(*lines, staff=staff) - rules.off
        self.flags = find.in_order(found)
        self.text_key = find.text_key(self.statement)
        self.sketch = rewording.sketch(self.statement)

    @property
    def is_published(self) -> bool:
        return self.status == Status.PUBLISHED

    @property
    def is_in_review(self) -> bool:
        """Whether the author is told that the voice is in review.

        That includes SET_ASIDE, so that a quarantine isn't revealed.
        """
        return self.status in {Status.WAITING, Status.SET_ASIDE}

    @property
    def status_since(self) -> datetime | None:
        date = SINCE.get(Status(self.status))
        return getattr(self, date) if date else None

    @property
    def unread_words(self) -> dict[str, str]:
        """The new words of a correction that is pending or was sent back for changes.

        Empty if there is no such correction.
        """
        if self.corrected_at or (self.is_published and self.awaits_changes):
            correction = self.corrections.first()
            return correction.words if correction else {}
        return {}

    def latest(self, field: str) -> str:
        """Return a field's new text in `unread_words`, if any, or the voice's text."""
        return self.unread_words.get(field, getattr(self, field))

    def with_words(self, words: dict[str, str]) -> "Voice":
        """Return an unsaved copy whose fields have these words."""
        other = copy(self)
        other.replace_words(words)
        return other

    def replace_words(self, words: dict[str, str]) -> dict[str, str]:
        """Set fields to the author's new words, without saving; return the old ones."""
        before = {field: getattr(self, field) for field in words}
        for field, text in words.items():
            setattr(self, field, text)
        if "statement" in words:
            self.statement_as_sent = self.statement
            self.edited = ""
        if not self.statement:
            self.featured_at = None
        return before

    def edit_words(self, words: dict[str, str]) -> None:
        """Save an edit that the author approved; keep `statement_as_sent`.

        If the voice is in review, it is reviewed as edited. The caller must lock the
        voice first.
        """
        for field, text in words.items():
            setattr(self, field, text)
        if "statement" in words:
            self.edited = self.edited_as(self.statement)
        if not self.statement:
            self.featured_at = None
        if self.status == Status.WAITING:
            self.review_since = timezone.now()
        changed = [*WORDS, "edited", "featured_at", "review_since"]
        self.save(update_fields=changed)

    def edited_as(self, statement: str) -> str:
        """Return the value of `edited` that goes with this version of the statement."""
        if statement in {"", self.statement_as_sent}:
            return ""
        is_only_shorter = only_removes(self.statement_as_sent, statement)
        return Edited.FOR_LENGTH if is_only_shorter else Edited.OTHERWISE

    @property
    def awaits_changes(self) -> bool:
        """Whether changes were requested and no later version has been published."""
        return self.status == Status.CHANGES_ASKED or (
            self.is_published
            and self.changes_asked_at is not None
            and self.published_at is not None
            and self.published_at < self.changes_asked_at
        )

    @property
    def place(self) -> str:
        """City and state code, as in "Camden, OH"; without a city, the state's name."""
        if not self.city:
            return self.place_in_full
        return ", ".join(filter(None, [self.city, self.state]))

    @property
    def place_in_full(self) -> str:
        return ", ".join(filter(None, [self.city, PLACES.get(self.state, "")]))

    @property
    def quote(self) -> SafeString:
        """The statement in quotation marks, as HTML paragraphs."""
        # Add the quotation marks first, so that they end up inside the paragraphs.
        quoted = f"“{self.statement}”"
        return mark_safe(linebreaks(quoted, autoescape=True))  # noqa: S308

    @property
    def published_on(self) -> date | None:
        """The day of publication in the site's time zone, or None if there is none."""
        return self.published_at and timezone.localdate(self.published_at)

    @property
    def day(self) -> str:
        """The day of publication, as in "Nov. 28, 2026"; "" if there is none."""
        return spell_day(self.published_on) if self.published_on else ""


# Lists show many voices of the same few days, and formatting a date is slow.
@lru_cache(maxsize=100)
def spell_day(day: date) -> str:
    return format_date(day, "N j, Y")
