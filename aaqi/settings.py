"""Django settings; the defaults suit production.

`aaqi/environment.py` reads and validates the environment variables.
"""

from pathlib import Path

from django.utils.csp import CSP

from aaqi import environment

BASE_DIR = Path(__file__).resolve().parent.parent
LOCAL_DIR = BASE_DIR / environment.read("LOCAL_DIR", ".local")

# The site

SITE_URL, SITE_HOST, LOOPBACK = environment.read_site_url()
HTTPS = SITE_URL.startswith("https://")
SITE_NAME = "Americans Against Qualified Immunity"
# The legal name of the site's operator, and the URL of a page about the operator.
if LOOPBACK:
    OPERATOR_NAME = environment.read("OPERATOR_NAME", "[OPERATOR_NAME is not set]")
else:
    OPERATOR_NAME = environment.require("OPERATOR_NAME", "pages say who runs the site")
OPERATOR_URL = environment.read_link("OPERATOR_URL")
# The companies that handle personal data for the operator, for the privacy page.
PROCESSORS = environment.read_companies("PROCESSORS")
DEBUG = environment.read_debug(loopback=LOOPBACK)
SECRET_KEY = environment.read_secret_key(loopback=LOOPBACK)
SECRET_KEY_FALLBACKS = environment.read_list("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = [SITE_HOST, *environment.read_list("DJANGO_ALLOWED_HOSTS")]
if LOOPBACK:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]
PROXY_COUNT = environment.read_number("PROXY_COUNT", 0)
ROOT_URLCONF = "aaqi.urls"
# The site is always at the root of its host, so ignore any SCRIPT_NAME in a request.
FORCE_SCRIPT_NAME = ""
WSGI_APPLICATION = "aaqi.wsgi.application"
LANGUAGE_CODE = "en-us"
TIME_ZONE = "America/New_York"
FORMAT_MODULE_PATH = ["aaqi.formats"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "aaqi.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "pgtrigger",
    "crispy_forms",
    "procrastinate.contrib.django",
    "simple_history",
    "aaqi.apps.AaqiConfig",
    "core",
    "operations",
    "cards",
    "accounts",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "faq",
    "rankings",
    "voices",
]

MIDDLEWARE = [
    "aaqi.logs.access_lines",
    "aaqi.middleware.ProbesNameNoHost",
    "aaqi.middleware.heads_without_bodies",
    # Caches whole pages. It precedes the middleware that sets headers such as the CSP,
    # so that cached pages include those headers. The order also keeps the CSP out of
    # 304 responses. A CSP in a 304 would replace the policy of the browser's cached
    # copy.
    "operations.warm.warm_pages",
    "aaqi.middleware.BrowserPolicies",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "aaqi.middleware.NoStoreByDefault",
    "accounts.middleware.keep_staff_pages_private",
    "aaqi.middleware.ReadableRequests",
    "operations.parameters.drop_unknown_parameters",
    "aaqi.spellings.lead_to_the_one_spelling",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.middleware.end_stale_sessions",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["aaqi.templatetags.fixed_urls"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "aaqi.context.site",
            ],
        },
    },
]
CRISPY_ALLOWED_TEMPLATE_PACKS = ["aaqi"]
CRISPY_TEMPLATE_PACK = "aaqi"
CRISPY_FAIL_SILENTLY = False

# Database and queue

DATABASES = {
    "default": environment.read_database("DATABASE_URL", loopback=LOOPBACK),
}
# Django connects with the site's login, except inside as_owner()
# (operations/database_roles.py), where it uses the table owner's login. The backup code
# (operations/backups/database.py) opens its own connections as the owner.
DATABASE_LOGINS = environment.read_logins(DATABASES["default"], loopback=LOOPBACK)

# Backups: docs/operations.md

BACKUP_FOLDER = Path(environment.read("BACKUP_FOLDER") or LOCAL_DIR / "backups")
BACKUP_KEPT_DAYS = 14
POSTGRES_PROGRAMS = environment.read("POSTGRES_PROGRAMS")

# Static files

STATIC_URL = "/static/"
STATIC_ROOT = environment.read("STATIC_ROOT") or LOCAL_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
}

# Email

MAILERS = {
    "default": environment.read_mailer(loopback=LOOPBACK, folder=LOCAL_DIR / "mail"),
}
MAIL_INTO_FILES = LOOPBACK and not environment.read("EMAIL_URL")
if LOOPBACK:
    DEFAULT_FROM_EMAIL = environment.read_address(
        "DEFAULT_FROM_EMAIL", "voices@localhost"
    )
    POSTAL_ADDRESS = environment.read("POSTAL_ADDRESS", "Set POSTAL_ADDRESS to yours")
else:
    environment.require("DEFAULT_FROM_EMAIL", "emails need a sender")
    DEFAULT_FROM_EMAIL = environment.read_address("DEFAULT_FROM_EMAIL")
    POSTAL_ADDRESS = environment.require("POSTAL_ADDRESS", "every email includes it")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
CONTACT_EMAIL = environment.read_address("CONTACT_EMAIL", DEFAULT_FROM_EMAIL)
MODERATION_EMAIL = environment.read_address("MODERATION_EMAIL")
# The address that mail servers send bounces to, and the Maildir that receives them:
# docs/mail.md.
BOUNCE_ADDRESS = environment.read_address("BOUNCE_ADDRESS")
BOUNCE_MAILDIR = environment.read("BOUNCE_MAILDIR")

# Signing: the privacy page prints most of these numbers (faq/pages/models.py)

SIGNING_OPEN = environment.read_switch("SIGNING_OPEN", default=True)
CONFIRM_LINK_DAYS = 7
MANAGE_LINK_DAYS = 30
CODE_TRIES = 5
# Resending the confirmation email: how many minutes a signer must wait after submitting
# the form or after the previous resend, and the maximum number of resends per form.
SEND_AGAIN_MINUTES = 3
SEND_AGAIN_TIMES = 3
MAILS_PER_ADDRESS_PER_DAY = 5
# Staff can set a different limit in the admin.
MAILS_PER_MINUTE = environment.read_number("MAILS_PER_MINUTE", 120, least=1)
# How long moderators can undo a decision before we email it to the voice's author.
UNDO_MINUTES = environment.read_number("UNDO_MINUTES", 5)
# How long an opened voice on the review page is kept from other moderators.
REVIEW_CLAIM_MINUTES = 10
# How long moderators' notes about held voices are kept after the hold has ended.
HOLDS_KEPT_DAYS = 30
UNCONFIRMED_KEPT_DAYS = 14
MAIL_LOG_KEPT_DAYS = 30
NETWORK_KEPT_DAYS = 30
NETWORK_BLOCKED_DAYS = 90
REPORT_KEPT_DAYS = 365
# The number of days staff have to decide on a request about a founding voice.
FOUNDING_REQUEST_DAYS = 14

# Texts: docs/content.md

# Staff are asked to check a text if its “as of” date is more than this many days ago.
AS_OF_DAYS = 60

# Store messages to staff in the session instead of in a separate cookie.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Public pages: how long a proxy may keep them (core/public.py)

PUBLIC_PAGE = {
    "public": True,
    "max_age": 0,
    "s_maxage": 2,
    "stale_while_revalidate": 2,
    "stale_if_error": 600,
}

# The URL for purging the HTTP cache in front of the site (operations/purge.py); "" if
# there is no such cache.
PAGE_CACHE_URL = environment.read("PAGE_CACHE_URL")

CACHES = {
    # Rate limit counters, and how long emails wait (voices/letters/waits.py). All
    # processes share them. MAX_ENTRIES is high, so that an attacker can't evict
    # counters by sending many requests.
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "accounts_cache",
        "OPTIONS": {"MAX_ENTRIES": 200_000},
    },
}

# Security

SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    # These directives don't fall back to default-src.
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = [SITE_URL]
CSRF_FAILURE_VIEW = "aaqi.views.csrf_failure"
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 60 * 60
# The same limit as client_max_body_size in deploy/buffer.conf. With a lower limit, the
# site would respond and close the connection while the HTTP cache in front of it is
# still sending the request, and the cache would return a 503.
DATA_UPLOAD_MAX_MEMORY_SIZE = 128 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
# Views that accept files, with the maximum size of a request in bytes. All other views
# have the limit DATA_UPLOAD_MAX_MEMORY_SIZE. Keep these sizes below
# FILE_UPLOAD_MAX_MEMORY_SIZE, so that Django writes no temporary files: the file system
# can be read-only.
UPLOADS = {"admin:rankings_assessment_import": 900 * 1024}
if HTTPS:
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    if PROXY_COUNT:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# These checks ask for HSTS on all subdomains, and for an entry in browsers' preload
# lists. Both would affect the whole domain, so only the domain's owner can decide.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# Staff accounts: docs/accounts.md

# Staff need a second factor unless the site uses plain HTTP, which is possible only on
# loopback.
SECOND_FACTOR = HTTPS
STAFF_IDLE_MINUTES = 30
STAFF_IDLE_WARNING_MINUTES = 3
# How long to remember a network after a staff member signed in from it.
STAFF_NETWORK_KEPT_DAYS = 90
INVITATION_DAYS = 3
INVITATION_KEPT_DAYS = 30
PASSWORD_RESET_TIMEOUT = 60 * 60
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "admin:index"
AUTHENTICATION_BACKENDS = ["accounts.adapters.NameOrAddressBackend"]
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_FORMS = {
    "change_password": "accounts.forms.ChangePasswordForm",
    "login": "accounts.forms.LoginForm",
    "reauthenticate": "accounts.forms.ReauthenticateForm",
    "reset_password": "accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "accounts.forms.ResetPasswordKeyForm",
    "set_password": "accounts.forms.SetPasswordForm",
}
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = (
    "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105
)
# Rates with `ip` are per network. The rate with `key` is per account, for attempts at
# the second factor. accounts/limits.py limits attempts at an account's password.
STAFF_TRIES_OF_NETWORK = "10/m/ip,60/h/ip"
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": f"{STAFF_TRIES_OF_NETWORK},5/5m/key",
    "reset_password": "10/m/ip,30/h/ip",
}
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = True
MFA_ADAPTER = "accounts.adapters.MFAAdapter"
# Staff verify their email address by using the emailed link that sets up the account.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_FORMS = {
    "activate_totp": "accounts.forms.ActivateAppForm",
    "add_webauthn": "accounts.forms.AddPasskeyForm",
    "authenticate": "accounts.forms.CodeForm",
    "authenticate_webauthn": "accounts.forms.AuthenticatePasskeyForm",
    "login_webauthn": "accounts.forms.LoginPasskeyForm",
    "reauthenticate": "accounts.forms.CodeAgainForm",
    "reauthenticate_webauthn": "accounts.forms.ReauthenticatePasskeyForm",
}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_SUPPORTED_TYPES = ["recovery_codes", "totp", "webauthn"]
# Also accept the previous and the next code, because phone clocks can be a little off.
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_USER_VERIFICATION = "required"

# Logs contain routes, never paths, because paths contain tokens. On loopback, logs are
# plain text, without a line for each request.

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "route": {"()": "aaqi.logs.RouteInsteadOfPath"},
        "request_id": {"()": "aaqi.logs.WithRequestId"},
    },
    "formatters": {
        "line": {
            "()": "aaqi.logs.PlacesOnly",
            "format": "{levelname} {name} {message}",
            "style": "{",
        },
        "json": {"()": "aaqi.logs.JsonLines"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "filters": ["route", "request_id"],
            "formatter": "line" if LOOPBACK else "json",
        },
        "nowhere": {"class": "logging.NullHandler"},
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "django.server": {"handlers": ["nowhere"], "propagate": False},
        # Anybody can send a wrong Host header, so don't log that as an error.
        "django.security.DisallowedHost": {"handlers": ["nowhere"], "propagate": False},
        "aaqi": {"level": "INFO"},
        "aaqi.access": {"level": "WARNING" if LOOPBACK else "INFO"},
        "voices": {"level": "INFO"},
    },
}

if DEBUG:
    INSTALLED_APPS += ["debug_toolbar"]
    MIDDLEWARE.insert(7, "debug_toolbar.middleware.DebugToolbarMiddleware")
    INTERNAL_IPS = ["127.0.0.1", "::1"]
