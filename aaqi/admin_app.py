from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AdminConfig(DjangoAdminConfig):
    """Django's admin with the staff's own site as its default."""

    default_site = "aaqi.staff.StaffSite"
