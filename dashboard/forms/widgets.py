"""Inputs that hold something secret: whatever was typed, nothing of it is ever drawn again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.datastructures import MultiValueDict


class NeverRefilled:
    """An input whose value is never written into a page."""

    def format_value(self, value: Any) -> None:
        return None


class SecretInput(NeverRefilled, forms.PasswordInput):
    """A password: hidden while typed, and not a place where a browser offers the agent's own password."""


class VisibleSecretInput(NeverRefilled, forms.TextInput):
    """A code or number: readable while typed, gone afterwards."""


class SecretSelect(forms.Select):
    def format_value(self, value: Any) -> list[str]:
        return []


class LinesInput(forms.Textarea):
    """Texts, one a line."""

    def format_value(self, value: Any) -> str | None:
        return "\n".join(map(str, value)) if isinstance(value, (list, tuple)) else super().format_value(value)


class DocumentInput(forms.Widget):
    """Text pasted or a file uploaded, under one name; the file wins. Never re-filled."""

    template_name = "dashboard/widgets/document.html"
    needs_multipart_form = True

    def value_from_datadict(self, data: Any, files: MultiValueDict[str, UploadedFile[Any]], name: str) -> Any:
        return files.get(f"{name}-file") or data.get(name)

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return name not in data and f"{name}-file" not in files

    def format_value(self, value: Any) -> None:
        return None
