from typing import Self

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Now
from django.http import HttpRequest
from django.urls import reverse

from core.memory import TAGS, memory
from core.public import Content
from core.triggers import PagesChange

SLUG = r"[a-z0-9]+(-[a-z0-9]+)*"
SLUG_ERROR = "Use lowercase letters and digits, with single hyphens between them."


class TagQuerySet(models.QuerySet["Tag"]):
    def in_use(self) -> Self:
        return self.filter(retired_at=None)

    def retire(self) -> int:
        """Retire the tags that are still in use; return how many tags changed."""
        return self.in_use().update(retired_at=Now())

    def restore(self) -> int:
        """Take the retired tags back into use; return how many tags changed."""
        return self.filter(retired_at__isnull=False).update(retired_at=None)


class Tag(models.Model):
    """Where a link to the form was placed; the link ends in `?from=` and the slug.

    A tag names a place, such as a poster or a rally, never a person. Signatures store
    the slug, and posters on paper contain it, so a tag is never deleted or given a new
    slug, only retired. New submissions don't get a retired tag, but earlier submissions
    and signatures keep it.
    """

    name = models.CharField(
        max_length=60,
        unique=True,
        help_text="A place: a poster, a rally, a newsletter. Never a person.",
    )
    slug = models.SlugField(
        max_length=30,
        unique=True,
        validators=[RegexValidator(rf"\A{SLUG}\Z", SLUG_ERROR)],
        help_text="The end of the link, such as “county-fair”. You can’t change it "
        "later, because it may be on paper.",
    )
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = TagQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(slug__regex=f"^{SLUG}$"),
                name="tag_slug_is_plain",
                violation_error_message=SLUG_ERROR,
            ),
        ]
        triggers = [PagesChange(Content.TAGS)]

    def __str__(self) -> str:
        return self.name

    @property
    def link(self) -> str:
        return form_link(self.slug)


def form_link(slug: str) -> str:
    """Return the absolute URL of the sign-up form, ending in `?from=` and the slug."""
    return f"{settings.SITE_URL}{reverse('voices:add')}?from={slug}"


def read_tag(request: HttpRequest) -> str | None:
    """Return the `from` parameter if it is the slug of a tag in use, otherwise None."""
    slug = request.GET.get("from", "")
    return slug if slug and slug in read_slugs() else None


def read_slugs() -> frozenset[str]:
    """Return the slugs of the tags in use.

    If the memory cache doesn't have the slugs, read them in one query.
    """

    def read() -> frozenset[str]:
        return frozenset(Tag.objects.in_use().values_list("slug", flat=True))

    return memory.get(TAGS, "tags", read)
