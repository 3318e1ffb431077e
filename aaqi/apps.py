from django.apps import AppConfig


class AaqiConfig(AppConfig):
    name = "aaqi"
