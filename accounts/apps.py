from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Staff accounts: invitations, second factors, roles, sessions."""

    name = "accounts"

    def ready(self) -> None:
        # Import these modules here, because they need the models.
        from django.contrib.auth.signals import user_logged_in

        from accounts.middleware import begin

        user_logged_in.connect(begin)
