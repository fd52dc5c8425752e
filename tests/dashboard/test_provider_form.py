"""Forms made from a provider's fields."""

import re
import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from hypothesis import given
from hypothesis import strategies as st

from dashboard.forms.provider_form import ProviderForm, add_remote_errors, form_for, split
from dashboard.forms.remote_patterns import compile_remote, fits
from providers.fields import Choice, Field, FieldKind

PASSWORD = Field("password", "Password", FieldKind.PASSWORD, secret=True, required=True)
SECOND = Field("password2", "Second password", FieldKind.PASSWORD, secret=True)
DOCUMENT = Field(
    "username_type", "Document", FieldKind.SELECT, choices=(Choice("103", "CPF"), Choice("020", "NIT")), initial="103"
)
HIDDEN = Field("channel", "Channel", hidden_value="web")
LOCKED = Field("username", "User name", editable=False, initial="ana")


def bind(*fields: Field, files: object = None, **entered: str | list[str]) -> ProviderForm:
    data = QueryDict(mutable=True)
    for name, value in entered.items():
        data.setlist(f"field-{name}", value if isinstance(value, list) else [value])
    return form_for(fields)(data, MultiValueDict({} if files is None else files))


def drawn(form: ProviderForm) -> str:
    return "".join(str(form[name]) for name in form.fields)


def first_error(form: ProviderForm, name: str) -> str:
    return form.errors[name][0]


def test_values_and_secrets_are_told_apart():
    form = bind(PASSWORD, SECOND, DOCUMENT, HIDDEN, password=" s3cret ", username_type="020")

    assert form.is_valid(), form.errors
    values, secrets = split(form)

    assert values == {"channel": "web", "username_type": "020"}
    assert {name: secret.reveal() for name, secret in secrets.items()} == {"password": " s3cret "}


def test_a_blank_secret_is_kept_and_not_sent():
    form = bind(SECOND, password2="")

    assert form.is_valid()
    assert split(form) == ({}, {})


def test_a_required_secret_says_what_is_missing():
    form = bind(PASSWORD, password="")

    assert first_error(form, "password") == "Password is needed."


@pytest.mark.parametrize("kind", [FieldKind.TEXT, FieldKind.PASSWORD, FieldKind.NUMBER, FieldKind.DOCUMENT])
def test_a_secret_is_never_drawn_again(kind):
    field = Field("code", "Code", kind, secret=True, max_length=8, pattern="^x$", initial="12345678canary")

    form = bind(field, code="12345678canary")
    form.is_valid()

    assert "canary" not in drawn(form) + repr(form) + str(form.errors)


def test_a_secret_choice_is_not_repeated_by_its_error():
    field = Field("answer", "Answer", FieldKind.SELECT, secret=True, choices=(Choice("a", "A"),))

    form = bind(field, answer="canary")

    assert first_error(form, "answer") == "Choose one of the list."
    assert "canary" not in drawn(form)


def test_a_password_input_does_not_invite_the_agents_own_password():
    assert 'autocomplete="new-password"' in drawn(bind(PASSWORD))


def test_a_hidden_value_is_not_in_the_page():
    assert "web" not in drawn(bind(HIDDEN))


def test_what_cannot_be_changed_is_shown_and_not_taken():
    form = bind(LOCKED, username="mallory")

    assert form.is_valid()
    assert split(form) == ({}, {})
    assert [(row.locked_text, row.bound) for row in form.rows] == [("ana", None)]


def test_advanced_fields_are_folded_and_open_when_wrong():
    field = Field("encryption_key", "Key", secret=True, advanced=True, max_length=3)

    fine, wrong = bind(field, encryption_key="abc"), bind(field, encryption_key="abcd")

    assert [row.field.name for row in fine.advanced_rows] == ["encryption_key"]
    assert (fine.rows, fine.opens_advanced, wrong.opens_advanced) == ([], False, True)


def test_a_nul_character_is_refused_in_words():
    form = bind(PASSWORD, password="a\0b")

    assert "NUL character" in first_error(form, "password")


def test_a_value_of_10_kb_is_refused_with_both_numbers():
    form = bind(Field("note", "Note"), note="x" * 10_240)

    assert first_error(form, "note") == "This is 10,240 characters long. At most 4,096 can be sent."


def test_bidirectional_characters_pass_unchanged():
    form = bind(PASSWORD, password="\u202eabc")

    assert form.is_valid()
    assert split(form)[1]["password"].reveal() == "\u202eabc"


def test_a_number_keeps_its_leading_zeros():
    form = bind(Field("number", "Number", FieldKind.NUMBER), number="00123")

    assert form.is_valid()
    assert split(form)[0] == {"number": "00123"}


@pytest.mark.parametrize("value", ["12a", "9" * 4000 + "x", "١٢"])
def test_a_number_takes_digits_only(value):
    assert first_error(bind(Field("number", "Number", FieldKind.NUMBER), number=value), "number") == "Use digits only."


def test_a_url_needs_a_scheme():
    form = bind(Field("webhook", "Webhook", FieldKind.URL), webhook="javascript:alert(1)")

    assert "https://" in first_error(form, "webhook")


def test_a_choice_that_is_no_longer_offered_stays_visible():
    field = Field("kind", "Kind", FieldKind.SELECT, choices=(Choice("a", "A"),), initial="old")

    assert "old (not offered any more)" in drawn(form_for([field])())


def test_several_choices_become_a_tuple():
    field = Field("fetch", "Fetch", FieldKind.MULTISELECT, choices=(Choice("A", "a"), Choice("B", "b")), initial=("A",))

    form = bind(field, fetch=["A", "B"])

    assert form.is_valid()
    assert split(form)[0] == {"fetch": ("A", "B")}


def test_an_unchecked_box_is_false():
    form = bind(Field("active", "Active", FieldKind.BOOLEAN))

    assert form.is_valid()
    assert split(form)[0] == {"active": False}


def test_an_uploaded_key_stays_bytes():
    key = Field("private_key", "Key", FieldKind.DOCUMENT, secret=True)
    files = {"field-private_key-file": [SimpleUploadedFile("key.der", b"\x30\x82\x00\xff")]}

    form = bind(key, files=files)

    assert form.is_valid(), form.errors
    assert split(form)[1]["private_key"].reveal() == b"\x30\x82\x00\xff"


def test_a_pasted_key_is_taken_as_text():
    key = Field("private_key", "Key", FieldKind.DOCUMENT, secret=True)

    form = bind(key, private_key="-----BEGIN KEY-----\nabc\n")

    assert form.is_valid()
    assert split(form)[1]["private_key"].reveal() == "-----BEGIN KEY-----\nabc"


@pytest.mark.parametrize(
    ("content", "words"), [(b"x" * 65_537, "At most 64 kB"), (b"", "empty"), (b"\xff\xfe\x00", "not a text file")]
)
def test_a_file_that_cannot_be_used_is_refused(content, words):
    document = Field("certificate", "Certificate", FieldKind.DOCUMENT)

    form = bind(document, files={"field-certificate-file": [SimpleUploadedFile("c.pem", content)]})

    assert words in first_error(form, "certificate")


def test_names_that_html_cannot_carry_get_their_place_as_name():
    field = Field("API key/№ 1", "API key")

    form = form_for([field])(QueryDict("field-number_0=abc"))

    assert form.is_valid()
    assert split(form)[0] == {"API key/№ 1": "abc"}


def test_errors_of_the_remote_stand_at_their_fields():
    form = form_for([PASSWORD, DOCUMENT])()

    add_remote_errors(form, {"password": ["Not accepted."], "institution": ["Unknown."], "": ["Try again."]})

    assert form.errors == {"password": ["Not accepted."], "__all__": ["institution: Unknown.", "Try again."]}


# -- patterns of the remote


def test_patterns_use_search_semantics():
    field = Field("cpf", "CPF", pattern=r"\d{11}", pattern_message="11 digits, please.")

    assert bind(field, cpf="x12345678901y").is_valid()
    assert first_error(bind(field, cpf="1234"), "cpf") == "11 digits, please."


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+$",
        r"^(a|aa)+$",
        r"(.*)*x",
        r"^(\w+\s?)*$",
        r"a*a*a*a*b",
        r"^([a-z])\1+$",
        "(",
        r"\p{L}+",
        "(" * 400,
        "x" * 600,
    ],
)
def test_slow_and_broken_patterns_are_not_used(pattern):
    assert compile_remote(pattern) is None
    assert fits(pattern, "a" * 200 + "!")


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (r"^[A-Z]{4}[0-9]{6}[A-Z]{6}[A-Z0-9]{2}$", "ABCD123456ABCDEF12", "abc"),
        (r"^\d{11}|\d{3}\.\d{3}\.\d{3}-\d{2}$", "12345678901", "123"),
        (r"^[^@\s]+@[^@\s]+\.[^@\s]+$", "a@b.mx", "a b"),
        (r"^(?<year>\d{4})$", "2026", "26"),
        (r"^.{6,}$", "abcdef", "abc"),
    ],
)
def test_usual_patterns_are_used(pattern, good, bad):
    assert fits(pattern, good)
    assert not fits(pattern, bad)


def test_long_values_are_left_to_the_remote():
    assert fits(r"^\d$", "x" * 257)


@given(
    st.lists(
        st.sampled_from(["a", "b", ".", "\\d", "(", ")", "[ab]", "*", "+", "?", "{1,9}", "|", "^", "$"]), max_size=14
    )
)
def test_no_accepted_pattern_hangs(parts):
    started = time.perf_counter()

    fits("".join(parts), "a" * 255 + "!")

    assert time.perf_counter() - started < 2


@given(st.text(max_size=40))
def test_no_pattern_raises(pattern):
    assert fits(pattern, "abc") in (True, False)


def test_form_markup_has_no_inline_style_or_script():
    html = drawn(bind(PASSWORD, SECOND, DOCUMENT, Field("key", "Key", FieldKind.DOCUMENT, secret=True)))

    assert not re.search(r"style=|<script|\son\w+=", html)


TAGS = Field("link_tags", "Tags", FieldKind.LIST, initial=("a", "b"), max_length=10)


def test_a_list_is_entered_one_a_line():
    form = bind(TAGS, link_tags=" vip:yes \r\n\r\n<b>\nvip:yes\r")

    assert form.is_valid(), form.errors
    assert split(form) == ({"link_tags": ("vip:yes", "<b>", "vip:yes")}, {})


def test_a_list_is_shown_as_lines_and_can_be_emptied():
    assert "a\nb</textarea>" in drawn(form_for([TAGS])())

    form = bind(TAGS, link_tags="")

    assert form.is_valid()
    assert split(form) == ({"link_tags": ()}, {})


@pytest.mark.parametrize(("entered", "said"), [("12345678901", "11 characters"), ("a\0", "NUL")])
def test_each_line_of_a_list_is_looked_at(entered, said):
    form = bind(TAGS, link_tags=f"fine\n{entered}")

    assert said in first_error(form, "link_tags")


def test_lines_are_kept_as_they_were_typed() -> None:
    form = form_for([Field("rows", "Rows", FieldKind.LINES, initial="a\n\n b")])

    posted = form({"field-rows": "a\r\n\r\n b \r\n"})

    assert posted.is_valid()
    assert split(posted) == ({"rows": "a\n\n b \n"}, {})
