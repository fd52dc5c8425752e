"""The emulator's institutions: those of the documented samples, and enough others for two pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from providers.sandbox import Request, Response, json_response

from .sandbox_errors import refuse
from .sandbox_pages import number_in

if TYPE_CHECKING:
    from .sandbox import MoneyKitSandbox

Json = dict[str, Any]


def _institution(key: str, name: str, country: str = "US", *aliases: str, featured: bool = False) -> Json:
    return {
        "institution_id": key,
        "institution_id_aliases": list(aliases),
        "name": name,
        "country": country,
        "domain": f"{key.replace('_', '')}.example",
        "color": "#0F5BA7",
        "color_dark": None,
        "is_featured": featured,
    }


INSTITUTIONS: tuple[Json, ...] = (
    _institution("chase", "Chase", "US", "ins_90101", featured=True),
    _institution("wells_fargo", "Wells Fargo", "US", "ins_90102", featured=True),
    _institution("bank_of_america", "Bank of America", "US", "ins_90103", featured=True),
    _institution("capital_one", "Capital One", featured=True),
    _institution("charles_schwab", "Charles Schwab"),
    _institution("citi", "Citibank Online", featured=True),
    _institution("rbc", "RBC Royal Bank", "CA"),
    _institution("credentials_bank", "Credentials Bank"),
    _institution("instant_bank", "Instant Bank"),
    _institution("oauth_bank", "OAuth Bank"),
    _institution("barclays", "Barclays", "GB"),
    _institution("monzo", "Monzo", "GB"),
    _institution("desjardins", "Desjardins", "CA"),
    _institution("ally", "Ally Bank"),
    _institution("navy_federal", "Navy Federal Credit Union"),
)


def list_institutions(sandbox: MoneyKitSandbox, request: Request) -> Response:
    """Source: SDK, GET /institutions: `name` is the whole name or its beginning; the last page has the cursor null."""
    name = request.query.get("name", "").lower()
    found = [one for one in INSTITUTIONS if str(one["name"]).lower().startswith(name)]
    if request.query.get("featured", "").lower() == "true":
        found = [one for one in found if one["is_featured"]]
    limit = number_in(request.query, "limit", 50, 1, 1000)
    cursor = request.query.get("cursor", "")
    start = int(cursor.removeprefix("inst_cur_")) if cursor.removeprefix("inst_cur_").isdecimal() else 0
    following = f"inst_cur_{start + limit:05d}" if start + limit < len(found) else None
    return json_response(200, {"institutions": found[start : start + limit], "cursors": {"next": following}})


def show_institution(sandbox: MoneyKitSandbox, request: Request, key: str) -> Response:
    for institution in INSTITUTIONS:
        if key == institution["institution_id"] or key in institution["institution_id_aliases"]:
            return json_response(200, institution)
    raise refuse("no_institution")
