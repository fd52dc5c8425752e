"""Lists of the emulator: filters, `fields` and `omit`, pages with absolute addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from providers.sandbox import Request, Response, json_response

from .sandbox_cases import Case, Refusal
from .sandbox_checks import is_uuid, problem

Json = dict[str, Any]
MAX_PAGE_SIZE = 1000
UUID_FILTERS = ("id", "id__in")
TEXT_FILTERS = ("id", "institution", "access_mode", "status", "refresh_rate", "external_id", "institution_user_id")
LIST_FILTERS = ("id", "institution", "status", "external_id", "institution_user_id")


def page(request: Request, found: list[Json], default_size: int) -> Response:
    """Return one page. Assumed, from the framework Belvo's answers look like: a page beyond the last is a 404."""
    size = min(_positive(request.query.get("page_size"), default_size), MAX_PAGE_SIZE)
    last = max(1, -(-len(found) // size))
    number = _page_number(request.query.get("page"))
    if not 1 <= number <= last:
        raise Refusal(Case(404, "not_found", "Invalid page."))
    shown = [chosen_keys(request, item) for item in found[(number - 1) * size : number * size]]
    following = _address(request, number + 1) if number < last else None
    previous = _address(request, number - 1) if number > 1 else None
    return json_response(200, {"count": len(found), "next": following, "previous": previous, "results": shown})


def chosen_keys(request: Request, item: Json) -> Json:
    """Apply `fields` and `omit`."""
    wanted, unwanted = _names(request, "fields"), _names(request, "omit")
    return {key: value for key, value in item.items() if (not wanted or key in wanted) and key not in unwanted}


def filter_links(query: Mapping[str, str], links: Iterable[Json]) -> list[Json]:
    """Apply every documented filter of the list of links; unknown parameters are ignored (Assumed)."""
    tests = [_test(name, value) for name, value in query.items()]
    wanted = [test for test in tests if test]
    return [link for link in links if all(test(link) for test in wanted)]


def _test(name: str, value: str) -> Callable[[Json], bool] | None:
    values = value.split(",")
    if name in UUID_FILTERS and not all(is_uuid(part) for part in values):
        raise Refusal(problem("invalid", f"{value} is not a valid UUID.", name))
    if name in TEXT_FILTERS:
        return lambda link: ("null" if link.get(name) is None else str(link[name])) == value
    base, _, lookup = name.partition("__")
    if base in LIST_FILTERS and lookup == "in":
        return lambda link: link.get(base) in values
    if name == "created_by__not_in":
        return lambda link: link.get("created_by") not in values
    return _date_test(lookup, values) if base == "created_at" else None


def _date_test(lookup: str, values: list[str]) -> Callable[[Json], bool] | None:
    try:
        bounds = [_moment(value) for value in values]
    except ValueError:
        raise Refusal(problem("invalid", "Enter a valid date.", "created_at")) from None
    low, high = bounds[0], bounds[-1]
    tests: dict[str, Callable[[datetime], bool]] = {
        "": lambda at: low <= at < low + timedelta(days=1),
        "gt": lambda at: at > low,
        "gte": lambda at: at >= low,
        "lt": lambda at: at < low,
        "lte": lambda at: at <= low,
        "range": lambda at: low <= at <= high,
    }
    test = tests.get(lookup)
    if test is None:
        return None
    return lambda link: bool(link.get("created_at")) and test(_moment(link["created_at"]))


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _names(request: Request, parameter: str) -> set[str]:
    return set(filter(None, request.query.get(parameter, "").split(",")))


def _positive(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and int(text) > 0 else default


def _page_number(text: str | None) -> int:
    if text is None:
        return 1
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _address(request: Request, number: int) -> str:
    query = {key: value for key, value in request.query.items() if key != "page"}
    if number > 1:
        query["page"] = str(number)
    return f"{request.root_url}{request.path}" + (f"?{urlencode(sorted(query.items()))}" if query else "")
