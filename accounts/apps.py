from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who is staff: invitations, second factors, roles, sessions."""

    name = "accounts"

    def ready(self):
        # Here, for it looks at models.
        from django.contrib.auth.signals import user_logged_in

        from accounts.middleware import begin

        user_logged_in.connect(begin)
