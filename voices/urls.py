from django.urls import path, register_converter

from voices.signing import views as signing
from voices.wall import views as wall


class TokenConverter:
    """What we put into addresses ourselves; nothing else gets to the database."""

    regex = "[A-Za-z0-9_.:-]{1,300}"

    def to_python(self, value):
        return value

    def to_url(self, value):
        return value


register_converter(TokenConverter, "token")

app_name = "voices"
urlpatterns = [
    path("", wall.wall, name="list"),
    path("<int:pk>/", wall.detail, name="detail"),
    path("add/", signing.add, name="add"),
    path("check-your-email/<token:ref>/", signing.check, name="check"),
    path("confirm/<token:token>/", signing.confirm, name="confirm"),
    path("not-me/<token:token>/", signing.not_me, name="not-me"),
    path("thank-you/", signing.thanks, name="thanks"),
]
