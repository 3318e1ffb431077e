from django.db import models
from django.db.models import Value

from core.memory import FLAGGED, memory
from core.public import Content
from core.triggers import PagesChange
from voices.flags import kinds
from voices.flags.lookalikes import staff_names
from voices.flags.rules import Rules, rules_of


class WatchedWordQuerySet(models.QuerySet):
    def rules(self) -> Rules:
        """Return these words and the kinds that are turned off, in one query."""
        off = FlagRule.objects.filter(active=False)
        rows = (
            self.order_by()
            .values_list("kind", "words", Value(False))
            .union(off.order_by().values_list("kind", Value(""), Value(True)), all=True)
        )
        found = sorted(rows)
        words = tuple((kind, words) for kind, words, is_off in found if not is_off)
        return rules_of(words, tuple(kind for kind, _, is_off in found if is_off))


class WatchedWord(models.Model):
    """A word or phrase for which moderators see a flag of this kind."""

    class Kind(models.TextChoices):
        WATCHED = kinds.WATCHED_WORD, "Watched word"
        VULGAR = kinds.VULGAR, "Vulgar or hateful"
        THREAT = kinds.THREAT, "Threat"
        CAMPAIGNING = kinds.CAMPAIGNING, "Campaigning"
        OFF_TOPIC = kinds.OFF_TOPIC, "Off topic"

    words = models.CharField(max_length=80)
    kind = models.CharField(
        max_length=20,
        choices=Kind,
        default=Kind.WATCHED,
        db_default=Kind.WATCHED,
    )

    objects = WatchedWordQuerySet.as_manager()

    class Meta:
        ordering = ["words", "kind"]
        constraints = [
            models.UniqueConstraint(
                fields=["words", "kind"],
                name="watched_word_once_per_kind",
                violation_error_message="This list already has these words.",
            ),
        ]
        triggers = [PagesChange(Content.FLAGGED)]

    def __str__(self) -> str:
        return self.words


class FlagRule(models.Model):
    """Whether voices are flagged for a kind of finding (voices/flags/kinds.py)."""

    kind = models.CharField(max_length=20, primary_key=True, editable=False)
    active = models.BooleanField(
        default=True,
        help_text="Whether statements get this flag. A change updates the voices in "
        "the review queue within minutes.",
    )

    class Meta:
        ordering = ["kind"]
        triggers = [PagesChange(Content.FLAGGED)]

    def __str__(self) -> str:
        return kinds.LABELS.get(self.kind, self.kind)


def remembered_rules() -> Rules:
    """Return the rules by which voices are flagged, cached in memory."""
    return memory.get(FLAGGED, "rules", WatchedWord.objects.rules)


def remembered_lists() -> tuple[Rules, set[str]]:
    """Return the rules and the result of staff_names(), cached in memory."""
    return remembered_rules(), memory.get(FLAGGED, "staff", staff_names)
