"""A Django form derived from a provider's `Field`s; it knows shapes only, what is allowed is the remote's to say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import URLValidator

from providers.fields import Field, FieldKind, FieldValue
from providers.secrets import Secret

from .remote_patterns import fits
from .widgets import DocumentInput, LinesInput, SecretInput, SecretSelect, VisibleSecretInput

MAX_DOCUMENT_BYTES = 65_536
PREFIX = "field"

Values = dict[str, FieldValue]
Secrets = dict[str, Secret]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the form: an input, or a text that says what cannot be changed."""

    field: Field
    bound: forms.BoundField | None

    @property
    def locked_text(self) -> str:
        return text_of(self.field, self.field.initial)


class ProviderForm(forms.Form):
    """`sources` maps the name of each input to the `Field` it came from; `declared` holds them all, in order."""

    sources: ClassVar[Mapping[str, Field]] = {}
    declared: ClassVar[tuple[Field, ...]] = ()
    error_css_class = "has-error"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("prefix", PREFIX)
        super().__init__(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<ProviderForm {', '.join(self.fields)}>"

    @property
    def rows(self) -> list[Row]:
        return [self._row(field) for field in self.declared if field.hidden_value is None and not field.advanced]

    @property
    def advanced_rows(self) -> list[Row]:
        return [self._row(field) for field in self.declared if field.hidden_value is None and field.advanced]

    @property
    def opens_advanced(self) -> bool:
        """Say whether the folded part must be shown because something in it is wrong."""
        return any(row.bound is not None and row.bound.errors for row in self.advanced_rows)

    @property
    def has_secret(self) -> bool:
        return any(field.secret for field in self.sources.values())

    def _row(self, field: Field) -> Row:
        name = next((name for name, source in self.sources.items() if source is field), None)
        return Row(field, self[name] if name else None)


def form_for(fields: Iterable[Field]) -> type[ProviderForm]:
    """Return a form class with an input for each field that a person may change."""
    declared = tuple(fields)
    sources = {_input_name(index, field): field for index, field in enumerate(declared) if _is_entered(field)}
    attributes: dict[str, Any] = {name: _form_field(field) for name, field in sources.items()}
    return type("FieldsForm", (ProviderForm,), {**attributes, "sources": sources, "declared": declared})


def split(form: ProviderForm) -> tuple[Values, Secrets]:
    """Return what was entered as plain values and as secrets; a blank secret is in neither, hidden values are in."""
    values: Values = {}
    secrets: Secrets = {}
    for field in form.declared:
        if field.hidden_value is not None:
            _put(field, field.hidden_value, values, secrets)
    for name, field in form.sources.items():
        if name in form.cleaned_data:
            _put(field, form.cleaned_data[name], values, secrets)
    return values, secrets


def add_remote_errors(form: ProviderForm, errors: Mapping[str, Iterable[str]]) -> None:
    """Put each message at its input; what belongs to no input of this form goes to the top of it."""
    names = {field.name: name for name, field in form.sources.items()}
    labels = {field.name: field.label for field in form.declared}
    if not form.is_bound:
        form.full_clean()
        form.cleaned_data = {}
    for key, messages in errors.items():
        name = names.get(key)
        for message in messages:
            form.add_error(name, message if name or not key else f"{labels.get(key, key)}: {message}")


def text_of(field: Field, value: FieldValue) -> str:
    """Return a value as people read it: the label of a choice, yes or no."""
    labels = {choice.value: choice.label for choice in field.choices}
    match value:
        case None | "" | ():
            return "not set"
        case bool():
            return "yes" if value else "no"
        case tuple() | list():
            return ", ".join(labels.get(item, item) for item in value)
        case _:
            return labels.get(value, value)


def _is_entered(field: Field) -> bool:
    return field.editable and field.hidden_value is None


def _input_name(index: int, field: Field) -> str:
    """Return the field's own name where it can be an HTML name and id, else its place in the form."""
    return field.name if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,60}", field.name) else f"number_{index}"


def _put(field: Field, value: Any, values: Values, secrets: Secrets) -> None:
    if not field.secret:
        values[field.name] = tuple(value) if isinstance(value, list) else value
    elif value not in (None, "", b"", [], ()):
        secrets[field.name] = Secret(value if isinstance(value, (str, bytes)) else str(value))


def _form_field(field: Field) -> forms.Field:
    made = _FACTORIES.get(field.kind, _text)(field)
    made.label = field.label
    made.help_text = field.help
    if not field.secret:
        made.initial = field.initial
    made.error_messages["required"] = f"{field.label} is needed."
    # Django's own sentence repeats what was entered.
    made.error_messages["invalid_choice"] = "Choose one of the list."
    return made


def _text(field: Field) -> forms.Field:
    return TextField(field, widget=_text_widget(field))


def _number(field: Field) -> forms.Field:
    """A number stays text: document numbers have leading zeros, and remotes want them."""
    widget = _text_widget(field, inputmode="decimal")
    return TextField(field, widget=widget, shape=r"-?\d+([.,]\d+)?", shape_message="Use digits only.")


def _url(field: Field) -> forms.Field:
    made = TextField(field, widget=_text_widget(field, inputmode="url"))
    made.validators.append(URLValidator(schemes=["http", "https"], message="Give a full address: https://…"))
    return made


def _text_widget(field: Field, **attrs: str) -> forms.Widget:
    attrs |= {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}
    if field.placeholder:
        attrs["placeholder"] = field.placeholder
    if field.kind is FieldKind.PASSWORD:
        return SecretInput(attrs={**attrs, "autocomplete": "new-password"})
    return VisibleSecretInput(attrs=attrs) if field.secret else forms.TextInput(attrs=attrs)


def _select(field: Field) -> forms.Field:
    choices = _choices(field, (field.initial,))
    if not field.required or not field.initial:
        choices = [("", "Keep as it is" if field.secret else "Choose…" if field.required else "Not set"), *choices]
    widget = SecretSelect() if field.secret else forms.Select()
    return forms.ChoiceField(choices=choices, required=field.required, widget=widget)


def _multiselect(field: Field) -> forms.Field:
    current = field.initial if isinstance(field.initial, (tuple, list)) else ()
    return forms.MultipleChoiceField(
        choices=_choices(field, tuple(current)), required=field.required, widget=forms.CheckboxSelectMultiple()
    )


def _choices(field: Field, current: tuple[Any, ...]) -> list[tuple[str, str]]:
    """Return the offered choices, and the present value even where it is no longer offered."""
    offered = [(choice.value, choice.label) for choice in field.choices]
    known = {value for value, _ in offered}
    missing = [(value, f"{value} (not offered any more)") for value in current if value and value not in known]
    return offered + missing


def _lines(field: Field) -> forms.Field:
    return LinesField(field)


def _exact_lines(field: Field) -> forms.Field:
    return TextField(field, widget=forms.Textarea(attrs={"autocomplete": "off", "spellcheck": "false", "rows": "5"}))


def _boolean(field: Field) -> forms.Field:
    return forms.BooleanField(required=False)


def _document(field: Field) -> forms.Field:
    return DocumentField(field)


class TextField(forms.CharField):
    """One line of text of a remote's field: length, NUL, and the remote's own pattern where it can be run."""

    def __init__(self, source: Field, *, widget: forms.Widget, shape: str = "", shape_message: str = "") -> None:
        is_exact = source.kind in (FieldKind.PASSWORD, FieldKind.LINES) or source.secret
        super().__init__(required=source.required, widget=widget, strip=not is_exact)
        self.source, self.shape, self.shape_message = source, shape, shape_message
        self.validators = []

    def to_python(self, value: Any) -> str:
        text = str(super().to_python(value) or "")
        return text.replace("\r\n", "\n") if self.source.kind is FieldKind.LINES else text

    def validate(self, value: str) -> None:
        super().validate(value)
        refuse_nul(value)
        if len(value) > self.source.max_length:
            raise ValidationError(
                f"This is {len(value):,} characters long. At most {self.source.max_length:,} can be sent."
            )
        if not value:
            return
        if self.shape and not re.fullmatch(self.shape, value, re.ASCII):
            raise ValidationError(self.shape_message)
        if not fits(self.source.pattern, value):
            raise ValidationError(self.source.pattern_message or "This does not have the form the institution expects.")


class LinesField(forms.CharField):
    """Texts, one a line, without blank lines and the blanks around them; each is at most `max_length` long."""

    def __init__(self, source: Field) -> None:
        attrs = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off", "rows": "6"}
        super().__init__(required=source.required, widget=LinesInput(attrs=attrs))
        self.source = source
        self.validators = []

    def to_python(self, value: Any) -> Any:
        return tuple(line.strip() for line in re.split(r"\r\n|\r|\n", str(value or "")) if line.strip())

    def validate(self, value: Any) -> None:
        super().validate(value)
        for line in value:
            refuse_nul(line)
            if len(line) > self.source.max_length:
                raise ValidationError(
                    f"“{line[:20]}…” is {len(line):,} characters long. At most {self.source.max_length:,} can be sent."
                )


class DocumentField(forms.Field):
    """A certificate or key, pasted or uploaded; bytes of a file stay bytes, and stay in memory."""

    def __init__(self, source: Field) -> None:
        super().__init__(required=source.required, widget=DocumentInput())
        self.source = source

    def to_python(self, value: Any) -> str | bytes:
        if isinstance(value, UploadedFile):
            return self._from_file(value)
        text = str(value or "")
        if len(text.encode("utf-8", "replace")) > MAX_DOCUMENT_BYTES:
            raise ValidationError(_TOO_LARGE)
        refuse_nul(text)
        return text.strip()

    def _from_file(self, file: UploadedFile[Any]) -> str | bytes:
        if (file.size or 0) > MAX_DOCUMENT_BYTES:
            raise ValidationError(_TOO_LARGE)
        content = file.read()
        if not content:
            raise ValidationError("The file is empty.")
        if self.source.secret:
            return bytes(content)
        try:
            return str(content, "utf-8")
        except UnicodeDecodeError:
            raise ValidationError("The file is not a text file.") from None


_TOO_LARGE = f"At most {MAX_DOCUMENT_BYTES // 1024} kB can be sent."


def refuse_nul(value: str) -> None:
    if "\0" in value:
        raise ValidationError("This contains a NUL character, which cannot be sent. Type or paste it again.")


_FACTORIES = {
    FieldKind.TEXT: _text,
    FieldKind.NUMBER: _number,
    FieldKind.URL: _url,
    FieldKind.PASSWORD: _text,
    FieldKind.SELECT: _select,
    FieldKind.MULTISELECT: _multiselect,
    FieldKind.BOOLEAN: _boolean,
    FieldKind.LINES: _exact_lines,
    FieldKind.LIST: _lines,
    FieldKind.DOCUMENT: _document,
}
