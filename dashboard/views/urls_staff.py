"""The addresses of the staff pages."""

from __future__ import annotations

from django.urls import path

from . import access_review, staff

urlpatterns = [
    path("", staff.staff_list, name="staff-list"),
    path("new/", staff.staff_create, name="staff-create"),
    path("review/", access_review.access_review_page, name="access-review"),
    path("review/file/", access_review.access_review_file, name="access-review-file"),
    path("<int:pk>/", staff.staff_detail, name="staff-detail"),
    path("<int:pk>/roles/", staff.staff_set_roles, name="staff-set-roles"),
    path("<int:pk>/link/", staff.staff_link, name="staff-link"),
    path("<int:pk>/disable/", staff.staff_disable, name="staff-disable"),
    path("<int:pk>/enable/", staff.staff_enable, name="staff-enable"),
    path("<int:pk>/factor/", staff.staff_reset_factor, name="staff-reset-factor"),
]
