"""Static files: what is not ours is as published, colours can be read, the first load is small."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "static"
FIRST_LOAD_MAX_BYTES = 80 * 1024
CSS_MAX_BYTES = 12 * 1024
# WCAG 2.2, AA: text, and the edges of controls.
TEXT = 4.5
EDGE = 3.0


def vendored() -> list[dict[str, Any]]:
    lists = (STATIC / "vendor" / "VENDOR.toml", ROOT / "tests" / "vendor" / "VENDOR.toml")
    return [file for each in lists for file in tomllib.loads(each.read_text())["file"]]


@pytest.mark.parametrize("file", vendored(), ids=lambda file: file["path"])
def test_what_is_not_ours_is_as_published(file: dict[str, Any]) -> None:
    for published in (file, *file.get("made_of", ())):
        assert published["licence"] and published["package"] and published["version"]
        assert len(base64.b64decode(published["integrity"].removeprefix("sha512-"))) == 64
    if "sha256" in file:
        assert hashlib.sha256((ROOT / file["path"]).read_bytes()).hexdigest() == file["sha256"]


def test_what_was_made_of_something_says_how_and_names_it_all() -> None:
    (made,) = [file for file in vendored() if "recipe" in file]

    for published in (made, *made["made_of"]):
        assert f"{published['package']}@{published['version']}" in made["recipe"]
        assert f"{published['package']} {published['version']}" in (ROOT / made["path"]).read_text()


def test_nothing_vendored_is_unlisted() -> None:
    listed = {file["path"] for file in vendored()}
    found = {
        str(path.relative_to(ROOT))
        for folder in (STATIC / "vendor", ROOT / "tests" / "vendor")
        for path in folder.iterdir()
        if path.suffix != ".toml"
    }

    assert found <= listed


def test_the_first_load_is_small() -> None:
    files = [
        *(STATIC / "css").glob("*.css"),
        *(STATIC / "js").glob("*.js"),
        STATIC / "icons.svg",
        STATIC / "vendor" / "htmx-4.0.1.min.js",
        STATIC / "vendor" / "inter-latin-wght-normal.woff2",
    ]
    sizes = {file.name: len(gzip.compress(file.read_bytes())) for file in files}

    assert sum(size for name, size in sizes.items() if name.endswith(".css")) < CSS_MAX_BYTES
    assert sum(sizes.values()) < FIRST_LOAD_MAX_BYTES, sizes


# -- contrast, computed from the tokens


def tokens() -> dict[str, tuple[str, str]]:
    text = (STATIC / "css" / "tokens.css").read_text()
    return {name: (light, dark) for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w+), (#\w+)\)", text)}


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


TONES = ("ok", "warn", "bad", "info", "mute", "brand")
PAIRS = [
    *((text, ground, TEXT) for text in ("ink", "muted", "brand", "bad") for ground in ("bg", "surface", "surface-2")),
    *((tone, ground, TEXT) for tone in TONES for ground in (f"{tone}-soft", "surface", "surface-2", "bg")),
    ("brand-ink", "brand", TEXT),
    ("brand-ink", "brand-strong", TEXT),
    ("bad-fill-ink", "bad-fill", TEXT),
    *(("line-strong", ground, EDGE) for ground in ("bg", "surface", "surface-2")),
    *(("brand", ground, EDGE) for ground in ("bg", "surface", "brand-soft")),
]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground", "least"), PAIRS)
def test_every_pair_of_colours_can_be_read(text: str, ground: str, least: float, theme: int) -> None:
    found = tokens()

    assert contrast(found[text][theme], found[ground][theme]) >= least


def test_a_poor_pair_would_be_found() -> None:
    assert contrast("#ffffff", "#777777") < TEXT < contrast("#ffffff", "#000000")
