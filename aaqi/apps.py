from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AaqiConfig(AppConfig):
    name = "aaqi"


class AdminConfig(DjangoAdminConfig):
    """Django's admin, with `StaffSite` as its default site."""

    default_site = "aaqi.staff.StaffSite"
