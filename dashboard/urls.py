"""Every address of the dashboard. All of them ask for a signed-in person, except sign-in, theme and health."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView

from dashboard.views import (
    approvals,
    audit,
    audit_exports,
    audit_queries,
    audit_reviews,
    audit_segments,
    customers,
    erasure,
    handovers,
    health,
    invitations,
    linked_account_list,
    theme,
)

handler400 = "dashboard.views.errors.bad_request"
handler403 = "dashboard.views.errors.forbidden"
handler404 = "dashboard.views.errors.not_found"
# Not Django's: allauth asks for it where one of its limits is reached.
handler429 = "dashboard.views.errors.too_many"
handler500 = "dashboard.views.errors.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", require_safe(RedirectView.as_view(pattern_name="linked-account-list", query_string=True)), name="home"),
    path("linked-accounts/", linked_account_list.linked_account_list, name="linked-account-list"),
    path("linked-accounts/table/", linked_account_list.linked_account_table, name="linked-account-table"),
    path("", include("dashboard.views.urls_operations")),
    path("customers/", customers.customer_list, name="customer-list"),
    path("customers/new/", customers.customer_create, name="customer-create"),
    path("customers/<uuid:pk>/", customers.customer_detail, name="customer-detail"),
    path("customers/<uuid:pk>/edit/", customers.customer_edit, name="customer-edit"),
    path("customers/<uuid:pk>/erase/", erasure.customer_erase, name="customer-erase"),
    path("approvals/", approvals.approval_list, name="approval-list"),
    path("approvals/<uuid:pk>/", approvals.approval_detail, name="approval-detail"),
    path("approvals/<uuid:pk>/approve/", approvals.approval_approve, name="approval-approve"),
    path("approvals/<uuid:pk>/decline/", approvals.approval_decline, name="approval-decline"),
    path("approvals/<uuid:pk>/withdraw/", approvals.approval_withdraw, name="approval-withdraw"),
    path("approvals/<uuid:pk>/alone/", approvals.approval_alone, name="approval-alone"),
    path("audit/", audit.audit_entry_list, name="audit-entry-list"),
    path("audit/status/", audit.audit_status, name="audit-status"),
    path("audit/complete/", audit_queries.audit_complete, name="audit-complete"),
    path("audit/queries/", audit_queries.saved_query_list, name="saved-query-list"),
    path("audit/queries/<uuid:pk>/", audit_queries.saved_query_change, name="saved-query-change"),
    path("audit/verify/", audit.audit_verify, name="audit-verify"),
    path("audit/<int:seq>/", audit.audit_entry_detail, name="audit-entry-detail"),
    path("audit/exports/", audit_exports.audit_export_list, name="audit-export-list"),
    path("audit/exports/new/", audit_exports.audit_export_create, name="audit-export-create"),
    path("audit/exports/<uuid:pk>/", audit_exports.audit_export_detail, name="audit-export-detail"),
    path("audit/exports/<uuid:pk>/file/", audit_exports.audit_export_file, name="audit-export-file"),
    path("audit/segments/", audit_segments.audit_segment_list, name="audit-segment-list"),
    path("audit/segments/<str:pk>/", audit_segments.audit_segment_detail, name="audit-segment-detail"),
    path("audit/segments/<str:pk>/export/", audit_segments.audit_segment_export, name="audit-segment-export"),
    path("audit/segments/<str:pk>/release/", audit_segments.audit_segment_release, name="audit-segment-release"),
    path("audit/segments/<str:pk>/keep/", audit_segments.audit_segment_keep, name="audit-segment-keep"),
    path("staff/", include("dashboard.views.urls_staff")),
    path("invitation/<str:key>/", invitations.invitation, name="invitation"),
    path("audit/reviews/", audit_reviews.audit_review_list, name="audit-review-list"),
    path("audit/reviews/next/", audit_reviews.audit_review_next, name="audit-review-next"),
    path("audit/reviews/<int:seq>/", audit_reviews.audit_review_detail, name="audit-review-detail"),
    # The only pages for customers; nobody signs in for them.
    path("repair/return/<slug:integration>/", handovers.come_back, name="handover-return"),
    path("repair/<str:key>/", handovers.handover, name="handover"),
    path("theme/", theme.set_theme, name="theme"),
    path("healthz", health.healthz, name="healthz"),
    path("account/", include("dashboard.views.urls_account")),
]
