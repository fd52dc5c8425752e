#!/usr/bin/env python
"""Run Linkdesk's commands; `manage.py demo` is the one to start with."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    from dashboard.demo import before_settings

    try:
        # The demo writes its settings and the sandbox needs none: both start where there are no settings yet.
        before_settings.prepare(sys.argv[1:], os.environ)
    except before_settings.CannotStart as problem:
        sys.exit(str(problem))

    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as problem:
        sys.exit(f"Linkdesk cannot start: {problem}\nThe settings are explained in .env.example and in the README.")


if __name__ == "__main__":
    main()
