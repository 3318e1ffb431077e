"""The staff's desk: Django's admin under the site's name."""

from django.contrib.admin import AdminSite
from django.db.models.base import ModelBase


class StaffSite(AdminSite):
    site_title = "AAQI staff"
    site_header = "AAQI staff"
    index_title = "The desk"

    def register(self, model_or_iterable, admin_class=None, **options):
        """Register as usual, but leave the queue's own pages out.

        Procrastinate's admin pages carry inline styles, which the content policy
        refuses.
        """
        if isinstance(model_or_iterable, ModelBase):
            model_or_iterable = [model_or_iterable]
        ours = [m for m in model_or_iterable if m._meta.app_label != "procrastinate"]
        super().register(ours, admin_class, **options)
