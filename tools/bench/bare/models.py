from typing import ClassVar

from django.db import models


class Row(models.Model):
    """A row of the list that the view `rows` shows."""

    name = models.CharField(max_length=100)
    city = models.CharField(max_length=80)
    statement = models.TextField()

    objects: ClassVar[models.Manager] = models.Manager()

    class Meta:
        app_label = "bare"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name


class SignUp(models.Model):
    """A sign-up, with a unique email address."""

    name = models.CharField(max_length=100)
    email = models.EmailField(unique=True)
    city = models.CharField(max_length=80)
    state = models.CharField(max_length=2)
    statement = models.TextField(blank=True)
    sent_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "bare"
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name
