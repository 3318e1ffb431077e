"""Settings for the reference views: Django's defaults, and the CSRF middleware."""

import os

import dj_database_url

SECRET_KEY = os.environ["DJANGO_SECRET_KEY"]
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
ROOT_URLCONF = "tools.bench.bare.urls"
INSTALLED_APPS = ["tools.bench.bare"]
MIDDLEWARE = ["django.middleware.csrf.CsrfViewMiddleware"]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.locmem.Loader",
                    {
                        "rows.html": """<!doctype html><title>Voices</title>
{% for row in rows %}
  <p>{{ row.statement }}</p><p>{{ row.name }}, {{ row.city }}</p>
{% endfor %}""",
                        "form.html": """<!doctype html><title>Sign up</title>
<form method="post">{% csrf_token %}{{ form.as_p }}<button>Sign</button></form>""",
                    },
                )
            ]
        },
    }
]
DATABASES = {
    "default": dj_database_url.parse(os.environ["DATABASE_URL"], conn_max_age=600)
}
