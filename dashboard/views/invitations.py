"""The page behind an invitation's link: its owner sets a password. Nobody is signed in there."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from dashboard.forms.staff import FirstPasswordForm
from dashboard.services import invitations


def address_of(request: HttpRequest, key: str) -> str:
    """Return the whole address of an invitation, to be sent to the invited person by hand."""
    return request.build_absolute_uri(reverse("invitation", args=[key]))


@sensitive_post_parameters()
@sensitive_variables("form", "key")
@never_cache
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, key: str) -> HttpResponse:
    """Ask for a new password; looking at the page uses nothing up."""
    found = invitations.find(key)
    if found is None:
        return render(request, "account/invitation_over.html", status=410)
    form = FirstPasswordForm(request.POST if request.method == "POST" else None, person=found.user)
    if form.is_valid():
        if not invitations.accept(found, form.cleaned_data["password1"]):
            return render(request, "account/invitation_over.html", status=410)
        messages.success(request, "Your password is set. Sign in with it now.")
        return redirect("account_login")
    context = {"form": form, "person": found.user}
    return render(request, "account/invitation.html", context, status=422 if form.is_bound else 200)
