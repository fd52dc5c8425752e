"""The addresses of one linked account and of its operations."""

from __future__ import annotations

from django.urls import path

from . import api_calls, linked_account_create, linked_account_detail, operation_follow_up, operations, report

urlpatterns = [
    path("linked-accounts/new/", linked_account_create.choose, name="linked-account-create"),
    path("linked-accounts/<uuid:pk>/", linked_account_detail.detail, name="linked-account-detail"),
    path("linked-accounts/<uuid:pk>/live/", linked_account_detail.live, name="linked-account-live"),
    path("linked-accounts/<uuid:pk>/look/", linked_account_detail.look, name="linked-account-look"),
    path("linked-accounts/<uuid:pk>/report/", report.of_account, name="linked-account-report"),
    path("linked-accounts/<uuid:pk>/operations/<slug:action>/", operations.create, name="operation-create"),
    path("operations/<uuid:pk>/", operations.detail, name="operation-detail"),
    path("operations/<uuid:pk>/preview/", operations.preview, name="operation-preview"),
    path("operations/<uuid:pk>/apply/", operations.apply, name="operation-apply"),
    path("operations/<uuid:pk>/status/", operations.status, name="operation-status"),
    path("operations/<uuid:pk>/token/", operation_follow_up.token, name="operation-token"),
    path("operations/<uuid:pk>/cancel/", operation_follow_up.cancel, name="operation-cancel"),
    path("operations/<uuid:pk>/again/", operation_follow_up.again, name="operation-again"),
    path("operations/<uuid:pk>/leave/", operation_follow_up.leave, name="operation-leave"),
    path("operations/<uuid:pk>/report/", report.of_operation, name="operation-report"),
    path("calls/<int:number>/code/", api_calls.code, name="api-call-code"),
]
