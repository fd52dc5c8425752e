"""The WSGI entry point: `granian --interface wsgi dashboard.wsgi:application`."""

import os

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
application = get_wsgi_application()

# A WSGI server runs no system checks of its own, and a site without its audit triggers must not come up.
from dashboard.checks import start_up_problems  # noqa: E402 - needs the apps

if _problems := start_up_problems():
    raise ImproperlyConfigured(" ".join(_problems))

from dashboard.services import executor  # noqa: E402 - needs the apps

# What a process before this one was killed with is found and read back.
executor.begin()
