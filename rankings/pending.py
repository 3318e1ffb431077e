"""Files that staff upload for import, stored until they are imported or expire."""

from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone
from import_export.tmp_storages import BaseStorage

KEPT = timedelta(days=1)


def make_key() -> str:
    return token_urlsafe(24)


def end_of_keeping() -> datetime:
    return timezone.now() + KEPT


class UploadQuerySet(models.QuerySet):
    def kept(self) -> Self:
        return self.filter(ends_at__gt=timezone.now())

    def kept_for(self, owner: User) -> Self:
        """Return this user's unexpired uploads; nobody else may import these."""
        return self.kept().filter(owner=owner)

    def forget(self) -> None:
        """Delete expired uploads."""
        self.filter(ends_at__lte=timezone.now()).delete()


class Upload(models.Model):
    """An uploaded file.

    It is stored in the database, because another web process may run the import.
    """

    key = models.CharField(max_length=40, unique=True, default=make_key)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+"
    )
    data = models.BinaryField()
    ends_at = models.DateTimeField(default=end_of_keeping, db_index=True)

    objects = UploadQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"Upload {self.pk}, kept until {self.ends_at:%Y-%m-%d %H:%M}"


class DatabaseStorage(BaseStorage):
    """The storage in which import-export keeps uploads: the Upload model.

    import-export's own storages don't record a file's owner, and its default storage is
    a folder, which other containers can't read. `name` is the upload's key.
    """

    def __init__(self, *, owner: User, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.owner = owner

    def save(self, data: bytes) -> None:
        self.name = Upload.objects.create(data=data, owner=self.owner).key

    def read(self) -> bytes:
        """Return the file.

        Raises Upload.DoesNotExist if the owner has no such file, or if it has expired.
        """
        return bytes(Upload.objects.kept_for(self.owner).get(key=self.name).data)

    def remove(self) -> None:
        Upload.objects.filter(key=self.name, owner=self.owner).delete()
