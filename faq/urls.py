from django.urls import path

from faq.cases import views as cases
from faq.questions import views as questions

app_name = "faq"
urlpatterns = [
    path("faq/", questions.index, name="questions"),
    path("faq/<slug:slug>/", questions.detail, name="question"),
    path("cases/", cases.index, name="cases"),
    path("cases/<slug:slug>/", cases.detail, name="case"),
    path("cases/<slug:slug>/card.png", cases.card, name="card"),
]
