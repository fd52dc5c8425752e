"""All settings, from the environment or a settings file; the table in the README explains each."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

import environ
import structlog
from environ.fileaware_mapping import FileAwareMapping

from dashboard.request_log import drop_request_objects
from providers.config import read_configuration

BASE_DIR = Path(__file__).resolve().parent.parent

# The environment wins over the file. The demo's file is used only where there is no other.
_settings_file = Path(
    os.environ.get("LINKDESK_SETTINGS")
    or next((p for p in (BASE_DIR / ".env", BASE_DIR / ".env.demo") if p.exists()), BASE_DIR / ".env")
)
if _settings_file.exists():
    environ.Env.read_env(str(_settings_file))


class _StrippedMapping(FileAwareMapping):  # type: ignore[misc]
    def __getitem__(self, key: str) -> str:
        # Files end with a line feed that belongs to no value.
        return str(super().__getitem__(key)).strip()


class _FileAwareEnv(environ.FileAwareEnv):  # type: ignore[misc]
    """Every value may also come from a file: `<NAME>_FILE` names it."""

    ENVIRON = _StrippedMapping()


env = _FileAwareEnv()

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# Plain HTTP is for a machine of one's own; everything else goes over TLS.
HTTPS = env.bool("HTTPS", default=True)
DEMO = env.bool("DEMO", default=False)

# Key rings, newest first: "id:base64 of 32 bytes, id:base64 of 32 bytes". The first one writes, all of them read.
AUDIT_KEYS = env.list("AUDIT_KEYS")
FIELD_KEYS = env.list("FIELD_KEYS")
# 32 bytes each, too: the seeds of the Ed25519 keys that sign anchors and exports.
ANCHOR_KEYS = env.list("ANCHOR_KEYS")
# Under this name anchors and exports are signed; it says which log is meant where several are kept together.
AUDIT_ORIGIN = env.str("AUDIT_ORIGIN", default=f"{ALLOWED_HOSTS[0] if ALLOWED_HOSTS else 'linkdesk'}/audit")
# Names that the log had before: anchors under them count, anchors under any other name do not.
AUDIT_ORIGINS_BEFORE = [name for name in env.list("AUDIT_ORIGINS_BEFORE", default=[]) if name]

INTEGRATIONS = read_configuration(os.environ)

INSTALLED_APPS = [
    "dashboard",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "django_htmx",
    "django.forms",
    "django_structlog",
    "csp",
    "huey.contrib.djhuey",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "dashboard.sign_in.door.DoorMiddleware",
    "dashboard.middleware.PageMiddleware",
    "dashboard.request_log.RequestLogMiddleware",
    "dashboard.middleware.MethodMiddleware",
]

ROOT_URLCONF = "dashboard.urls"
WSGI_APPLICATION = "dashboard.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["dashboard.templatetags.linkdesk"],
        },
    }
]
FORM_RENDERER = "dashboard.forms.renderer.LinkdeskFormRenderer"

# -- Database: SQLite until it is outgrown, then PostgreSQL by DATABASE_URL

DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'var' / 'linkdesk.sqlite3'}")}
DATABASE_WEB_ROLE = DATABASES["default"].get("USER", "")
# On PostgreSQL: the role that the tables belong to. These commands alone connect as it; the web may not change the log.
DATABASE_OWNER_URL = env.str("DATABASE_OWNER_URL", default="")
ACTS_AS_OWNER = bool(DATABASE_OWNER_URL) and (
    sys.argv[1:2] in (["migrate"], ["grant_web_role"], ["remove_audit_segment"]) or "--restore-triggers" in sys.argv
)
if ACTS_AS_OWNER:
    DATABASES["default"] = env.db_url("DATABASE_OWNER_URL")
_database = DATABASES["default"]
if _database["ENGINE"].endswith("sqlite3"):
    Path(_database["NAME"]).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _database["OPTIONS"] = {
        # Writers wait for each other instead of failing half-way through a transaction.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;"
            "PRAGMA recursive_triggers=ON; PRAGMA cache_size=-65536; PRAGMA mmap_size=268435456;"
        ),
    }
else:
    _database.setdefault("CONN_MAX_AGE", 60)
    _database["CONN_HEALTH_CHECKS"] = True
    # Nobody waits for a locked table without end; the log sets a shorter time for itself.
    _database.setdefault("OPTIONS", {}).setdefault("options", "-c lock_timeout=15s")

# -- Anchors: the end of the audit log, signed, told to somebody who does not own the database

_beside = Path(_database["NAME"]).parent if _database["ENGINE"].endswith("sqlite3") else BASE_DIR / "var"
# Beside the database it shows mistakes, and proves nothing against whoever owns both: a deploy check says so.
DEFAULT_ANCHORS = [f"file://{_beside.absolute() / 'audit-anchors.txt'}"]
AUDIT_ANCHORS = [url for url in env.list("AUDIT_ANCHORS", default=DEFAULT_ANCHORS) if url]
# An anchor leaves after this many entries, or this long after the first one that no anchor covers.
AUDIT_ANCHOR_ENTRIES = env.int("AUDIT_ANCHOR_ENTRIES", default=100)
AUDIT_ANCHOR_EVERY_S = env.int("AUDIT_ANCHOR_EVERY_S", default=60)
# Where a sink has taken none for this long since then, nothing is sent or changed any more.
AUDIT_ANCHOR_LIMIT_S = env.int("AUDIT_ANCHOR_LIMIT_S", default=900)

# Shared by all processes, so that the limits on sign-in count across them. The table is made after every migrate.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}}

# -- Staff sign-in

AUTH_USER_MODEL = "dashboard.User"
AUTHENTICATION_BACKENDS = ["dashboard.sign_in.role_backend.RoleBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# Counted in the database instead, before anything is compared: services/tries.py.
ACCOUNT_RATE_LIMITS = {"login_failed": None}
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_FORMS = {"change_password": "dashboard.sign_in.password_form.ChangePasswordForm"}
ACCOUNT_ADAPTER = "dashboard.sign_in.account_adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
# How old a password, a code or a passkey may be for what cannot be undone.
REAUTHENTICATION_S = env.int("REAUTHENTICATION_S", default=300)
# "off" only where nothing is real: the demo.
SECOND_FACTOR = env.str("SECOND_FACTOR", default="required")
SSO_COUNTS_AS_SECOND_FACTOR = env.bool("SSO_COUNTS_AS_SECOND_FACTOR", default=False)
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"

MFA_ADAPTER = "dashboard.sign_in.seeds.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "dashboard.sign_in.code_forms.AuthenticateForm",
    "reauthenticate": "dashboard.sign_in.code_forms.ReauthenticateForm",
    "activate_totp": "dashboard.sign_in.code_forms.ActivateTotpForm",
    "add_webauthn": "dashboard.sign_in.passkey_forms.AddPasskeyForm",
}
# Telephones and servers are seldom of one mind about the second.
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_PASSKEY_LOGIN_ENABLED = True
# A passkey is two factors only with a PIN, a finger or a face.
MFA_WEBAUTHN_USER_VERIFICATION = "required"
# Addresses are those of invited people; nobody can sign up with somebody else's.
MFA_ALLOW_UNVERIFIED_EMAIL = True
USERSESSIONS_ADAPTER = "dashboard.sign_in.sessions.SessionsAdapter"

# -- Single sign-on, where OIDC_URL names a server

OIDC_URL = env.str("OIDC_URL", default="")
OIDC_NAME = env.str("OIDC_NAME", default="Single sign-on")
SOCIALACCOUNT_ADAPTER = "dashboard.sign_in.single_sign_on.SingleSignOnAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX = ""
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": []}}
if OIDC_URL:
    SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"] = [
        {
            "provider_id": "sso",
            "name": OIDC_NAME,
            "client_id": env.str("OIDC_CLIENT_ID"),
            "secret": env.str("OIDC_CLIENT_SECRET"),
            "settings": {"server_url": OIDC_URL},
        }
    ]

# Linkdesk sends no mail: nothing may leave by it either.
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

# A session ends when nobody was there for so long, and never lasts longer than the other.
SESSION_IDLE_S = env.int("SESSION_IDLE_S", default=900)
SESSION_MAX_S = env.int("SESSION_MAX_S", default=43_200)
SESSION_COOKIE_AGE = SESSION_MAX_S
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "dashboard.views.errors.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
if HTTPS:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    if env.bool("BEHIND_PROXY", default=False):
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

_oidc_origin = "{0.scheme}://{0.netloc}".format(urlsplit(OIDC_URL)) if OIDC_URL else ""
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],  # data: for the QR code of a challenge
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        # A browser holds the answer to a form to this, too: the one for single sign-on leads there.
        "form-action": ["'self'", *([_oidc_origin] if _oidc_origin else [])],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "manifest-src": ["'self'"],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    name: [] for name in ("camera", "geolocation", "microphone", "payment", "usb", "display-capture")
}

# -- Four eyes

# What needs a second person. `webhook_host`: an address at a host that the customer's accounts have not had.
APPROVALS = env.list("APPROVALS", default=["delete", "webhook_host", "roles", "second_factor", "retention", "erasure"])
# How long a request waits for one, and after that for its secret.
APPROVAL_EXPIRES_H = env.int("APPROVAL_EXPIRES_H", default=24)

# -- Background tasks

_tasks_url = env.str("TASKS_URL", default=f"sqlite:///{BASE_DIR / 'var' / 'tasks.sqlite3'}")
HUEY = {"name": "linkdesk", "immediate": False, "results": False, "consumer": {"workers": 2, "worker_type": "thread"}}
if _tasks_url.startswith("sqlite:"):
    _tasks_file = Path(_tasks_url.removeprefix("sqlite:///"))
    _tasks_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    HUEY |= {"huey_class": "huey.SqliteHuey", "filename": str(_tasks_file)}
elif _tasks_url.startswith("redis"):
    HUEY |= {"huey_class": "huey.RedisHuey", "url": _tasks_url}
else:
    HUEY |= {"huey_class": "huey.PostgresHuey", "dsn": _tasks_url}
# How many operations a web process may carry at the same time; one more is answered "busy".
EXECUTOR_THREADS = env.int("EXECUTOR_THREADS", default=16)

# How long the calls to providers, with their redacted bodies, stay on record.
API_CALLS_KEPT_DAYS = env.int("API_CALLS_KEPT_DAYS", default=90)

# How many whole months of the audit log stay before one may be removed, by two people and a command.
AUDIT_KEPT_MONTHS = env.int("AUDIT_KEPT_MONTHS", default=84)

# -- Exports of the audit log: private files that web and worker both reach

EXPORTS_DIR = Path(env.str("EXPORTS_DIR", default=str(BASE_DIR / "var" / "exports")))
EXPORTS_KEPT_DAYS = env.int("EXPORTS_KEPT_DAYS", default=30)

# -- The reviewer's queue: what is worth a second look

# In the zone of TIME_ZONE; empty: always.
WORK_HOURS = env.str("WORK_HOURS", default="Mon-Fri 08:00-18:00")
REVIEW_SAMPLE_PERCENT = env.float("REVIEW_SAMPLE_PERCENT", default=2.0)
REVIEW_BULK_ACCOUNTS = env.int("REVIEW_BULK_ACCOUNTS", default=20)
REVIEW_DELETE_HOURS = env.int("REVIEW_DELETE_HOURS", default=24)
REVIEW_PAIR_APPROVALS = env.int("REVIEW_PAIR_APPROVALS", default=10)

# -- Language, time, static files

LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Uploaded certificates and keys stay in memory; what is too large for a field is told there, up to this size.
FILE_UPLOAD_HANDLERS = ["dashboard.uploads.BoundedUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_097_152
DATA_UPLOAD_MAX_MEMORY_SIZE = 524_288

# -- Logs: one line an event on standard error; no bodies, no query strings, no header values

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
# Below DEBUG, so never written: the line at the end of a request says all, and this one quotes a header.
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = 1
# What a person did wrong is no warning of ours.
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = logging.INFO
_shared_processors: list[structlog.types.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso"),
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": [*_shared_processors, structlog.stdlib.ExtraAdder(), drop_request_objects],
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    # With a handler of its own, or the consumer adds one that writes in another form.
    "loggers": {"huey": {"level": "WARNING", "handlers": ["stderr"], "propagate": False}},
}
structlog.configure(
    processors=[*_shared_processors, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.make_filtering_bound_logger(LOG_LEVEL),
    cache_logger_on_first_use=True,
)
