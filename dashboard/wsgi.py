"""The WSGI entry point: `granian --interface wsgi dashboard.wsgi:application`."""

import os

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
application = get_wsgi_application()

# A WSGI server runs no system checks of its own.
from dashboard.checks import start_up_problems  # noqa: E402 - needs the apps

if _problems := start_up_problems():
    raise ImproperlyConfigured(" ".join(_problems))

from dashboard.services import anchoring, audit_gate, executor  # noqa: E402 - needs the apps

# A log that is not as it was promised stops no page: writes are refused, with the reason, until it is.
anchoring.begin()
audit_gate.tell_at_start()
# What a process before this one was killed with is found and read back.
executor.begin()
