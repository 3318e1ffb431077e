from django.apps import AppConfig


class AaqiConfig(AppConfig):
    name = "aaqi"

    def ready(self):
        from faq.publishing import taken_off
        from voices.wall import copies

        def drop_every_page(**kwargs):
            """Any page may link to a text or quote it."""
            copies.queue_drop(copies.EVERY_PAGE)

        taken_off.connect(drop_every_page, weak=False)
