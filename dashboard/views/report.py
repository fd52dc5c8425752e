"""The page with a text to copy: for the provider's support, or for an administrator. Linkdesk sends it to nobody."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from dashboard import roles
from dashboard.models import LinkedAccount, Operation
from dashboard.services.access_log import record_read
from dashboard.services.account_sheet import sheet_of
from dashboard.services.audit import Actor, Target
from dashboard.services.report import report_of

from .access import needs


@require_safe
@needs(roles.VIEW)
def of_account(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _page(request, get_object_or_404(LinkedAccount, pk=pk))


@require_safe
@needs(roles.VIEW)
def of_operation(request: HttpRequest, pk: UUID) -> HttpResponse:
    operation = get_object_or_404(Operation.objects.select_related("account"), pk=pk)
    return _page(request, operation.account, operation)


def _page(request: HttpRequest, account: LinkedAccount, operation: Operation | None = None) -> HttpResponse:
    record_read(Actor.of(request.user), Target.of(account), "account.read")
    sheet = sheet_of(account)
    address = request.build_absolute_uri(reverse("linked-account-detail", args=[account.pk]))
    report = report_of(sheet, address=address, operation=operation)
    return render(request, "dashboard/report.html", {"account": account, "sheet": sheet, "report": report})
