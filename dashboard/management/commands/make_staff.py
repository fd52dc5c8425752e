"""manage.py make_staff: the first people of an installation, or a way back in when no administrator is left."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse

from dashboard.models import User
from dashboard.roles import ROLES
from dashboard.services import invitations, staff, staff_roles
from dashboard.services.audit import ON_THE_SERVER


class Command(BaseCommand):
    help = "Give a person roles, making them where there is no such person, and print a link to choose a password with."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--role", action="append", choices=list(ROLES), required=True, help="may be given again")
        parser.add_argument("--name", default="")
        parser.add_argument(
            "--leave-no-admin", action="store_true", help="take the role from the last administrator all the same"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip().lower()
        try:
            validate_email(email)
        except ValidationError:
            raise CommandError(f"“{email}” is no e-mail address; nothing was changed.") from None
        with transaction.atomic():
            person = User.objects.filter(email=email).first()
            if person is None:
                person, key = staff.add(email, options["name"], actor=ON_THE_SERVER)
            elif not person.is_active:
                raise CommandError(f"{person} is disabled; an administrator enables them.")
            else:
                key = invitations.make(person)
            try:
                staff_roles.set_on_the_server(person, options["role"], may_leave_no_admin=options["leave_no_admin"])
            except staff.CannotChange as trouble:
                meant = "Nothing was changed; name --role admin as well, or --leave-no-admin if it is meant."
                raise CommandError(f"{trouble} {meant}") from None
        self.stdout.write(f"{person}: {staff_roles.words(sorted(options['role']))}. It is in the audit log.")
        path = reverse("invitation", args=[key])
        self.stdout.write(f"Within three days, open this path of the site to choose a password: {path}")
