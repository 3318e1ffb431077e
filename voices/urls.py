from django.urls import path

from voices.signing import views as signing
from voices.wall import views as wall

app_name = "voices"
urlpatterns = [
    path("", wall.wall, name="list"),
    path("<int:pk>/", wall.detail, name="detail"),
    path("add/", signing.add, name="add"),
    path("check-your-email/<str:ref>/", signing.check, name="check"),
    path("confirm/<str:token>/", signing.confirm, name="confirm"),
    path("not-me/<str:token>/", signing.not_me, name="not-me"),
    path("thank-you/", signing.thanks, name="thanks"),
]
