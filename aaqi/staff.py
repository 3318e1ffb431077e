"""The staff's desk: Django's admin under the site's name."""

from django.contrib.admin import AdminSite


class StaffSite(AdminSite):
    site_title = "AAQI staff"
    site_header = "AAQI staff"
    index_title = "The desk"

    def register(self, model_or_iterable, admin_class=None, **options):
        """Register as usual, but leave the queue's own pages out.

        Procrastinate's admin pages carry inline styles, which the content policy
        refuses.
        """
        models = (
            [model_or_iterable]
            if isinstance(model_or_iterable, type)
            else list(model_or_iterable)
        )
        ours = [model for model in models if model._meta.app_label != "procrastinate"]
        super().register(ours, admin_class, **options)
