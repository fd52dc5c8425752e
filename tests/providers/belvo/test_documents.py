"""Certificates and keys reach Belvo in base64, encoded once, whatever was pasted or uploaded."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.belvo.documents import as_base64
from providers.secrets import Secret

DER = b"\x30\x82\x05\xb9" + bytes(range(256))
PEM = "-----BEGIN CERTIFICATE-----\nMIIFuTCCA6GgAwIBAgI=\n-----END CERTIFICATE-----\n"


def decoded(document: str | bytes) -> bytes:
    return base64.b64decode(as_base64(Secret(document)).reveal(), validate=True)


@given(st.binary(max_size=300))
def test_an_uploaded_file_arrives_byte_for_byte(content: bytes) -> None:
    packed = b"".join(content.split())
    already = decoded(content) != content

    assert not already or base64.b64decode(packed, validate=True) == decoded(content)


def test_a_pem_text_is_encoded_as_it_is() -> None:
    assert decoded(PEM) == PEM.encode()


@pytest.mark.parametrize("line_length", [64, 76, 10_000])
def test_what_is_encoded_already_is_not_encoded_again(line_length: int) -> None:
    text = base64.b64encode(DER).decode()
    lines = "\n".join(text[start : start + line_length] for start in range(0, len(text), line_length))

    assert decoded(f"  {lines}\r\n") == DER
    assert decoded(base64.b64encode(PEM.encode())) == PEM.encode()


def test_the_result_is_still_sealed() -> None:
    assert repr(as_base64(Secret(PEM))) == "Secret(•••)"
