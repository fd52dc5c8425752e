"""The files of the emulated database: their dictionaries, their schemas, and what they calculate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

AM, VM, SM = "\xfe", "\xfd", "\xfc"
DATE_ZERO = date(1967, 12, 31)
Calculate = Callable[[list[str]], str]


@dataclass(frozen=True, slots=True)
class Dictionary:
    """One name of an attribute. `group` and `sub_group` are the associations it runs in."""

    name: str
    number: int
    label: str = ""
    prop: str = ""
    length: int = 20
    group: str = ""
    sub_group: str = ""
    required: bool = False
    options: tuple[tuple[str, str], ...] = ()
    conversion: str = ""
    calculate: Calculate | None = None


@dataclass(frozen=True, slots=True)
class File:
    name: str
    dictionaries: tuple[Dictionary, ...]
    has_schema: bool = True
    allowed: bool = True

    @property
    def stored(self) -> tuple[Dictionary, ...]:
        return tuple(each for each in self.dictionaries if each.calculate is None and each.number)

    @property
    def calculated(self) -> tuple[Dictionary, ...]:
        return tuple(each for each in self.dictionaries if each.calculate is not None)

    def find(self, name: str) -> Dictionary | None:
        return next((each for each in self.dictionaries if name in (each.name, each.prop)), None)

    def name_of(self, number: int) -> str:
        return next((each.name for each in self.stored if each.number == number), f"LKFLD{number}")


def as_date(stored: str) -> str:
    return (DATE_ZERO + timedelta(days=int(stored))).strftime("%d-%m-%Y") if stored.isdigit() else stored


def _values(record: list[str], number: int) -> list[str]:
    return record[number - 1].split(VM) if len(record) >= number else []


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _line_totals(quantities: int, prices: int) -> Calculate:
    def calculate(record: list[str]) -> str:
        pairs = zip(_values(record, quantities), _values(record, prices), strict=False)
        return VM.join(f"{_number(quantity) * _number(price):g}" for quantity, price in pairs)

    return calculate


def _total(quantities: int, prices: int) -> Calculate:
    lines = _line_totals(quantities, prices)
    return lambda record: f"{sum(_number(line) for line in lines(record).split(VM)):g}"


_ID = Dictionary("ID", 0, "Code", "Id", 10, required=True)
CUSTOMERS = File(
    "LK.CUSTOMERS",
    (
        _ID,
        Dictionary("NAME", 1, "Name", "Name", 50, required=True),
        Dictionary("ADDR", 2, "Address", "Addr", 40),
        Dictionary("PHONE", 3, "Phone", "Phone", 20),
    ),
)
ORDERS = File(
    "LK.ORDERS",
    (
        Dictionary("ID", 0, "Order", "Id", 10, required=True),
        Dictionary("CUSTOMER", 1, "Customer", "CUSTOMER", 12, required=True),
        Dictionary("DATE", 2, "Date", "DATE", 10, conversion="D4-"),
        Dictionary("ITEM", 3, "Item", "ITEM", 10, group="Items"),
        Dictionary("QTY", 4, "Quantity", "QTY", 8, group="Items"),
        Dictionary("PRICE", 5, "Price", "PRICE", 10, group="Items"),
        Dictionary("DELIVERYDATE", 6, "Delivery", "DELIVERYDATE", 10, "Items", "DeliveryDates", conversion="D4-"),
        Dictionary("QTYPARTIAL", 7, "Delivered", "QTYPARTIAL", 8, "Items", "DeliveryDates"),
        Dictionary("ICUSTOMERNAME", 0, "Customer's name", calculate=lambda record: f"CUSTOMER {record[0]}"),
        Dictionary(
            "IITEMDESCRIPTION",
            0,
            "Description",
            calculate=lambda record: VM.join(f"ITEM {item}" for item in _values(record, 3)),
        ),
        Dictionary("IITEMSTOCK", 0, "Stock", calculate=lambda record: VM.join("18" for _ in _values(record, 3))),
        Dictionary("ITOTALLINE", 0, "Total of the line", calculate=_line_totals(4, 5)),
        Dictionary("ITOTALORDER", 0, "Total", calculate=_total(4, 5)),
    ),
)
ITEMS = File(
    "LK.ITEMS",
    (_ID, Dictionary("DESCRIPTION", 1, "Description", "Description", 40), Dictionary("STOCK", 2, "Stock", "Stock", 8)),
    has_schema=False,
)
LINKS = File(
    "ACCT.LINKS",
    (
        Dictionary("ID", 0, "Link id", "Id", 20, required=True),
        Dictionary(
            "PROVIDER",
            1,
            "Provider",
            "Provider",
            20,
            required=True,
            options=(("shopify", "Shopify"), ("bigcommerce", "BigCommerce"), ("edi", "EDI")),
        ),
        Dictionary(
            "STATUS",
            2,
            "Status",
            "Status",
            12,
            required=True,
            options=(("active", "Active"), ("suspended", "Suspended"), ("closed", "Closed")),
        ),
        Dictionary("EMAIL", 3, "E-mail", "Email", 80, "Emails"),
        Dictionary("SCOPES", 4, "Scopes", "Scopes", 30, "Scopes"),
    ),
)
ACCOUNTS = File(
    "ACCOUNTS",
    (
        Dictionary("ID", 0, "Account", "Id", 20, required=True),
        Dictionary("CUSTOMER", 1, "Customer", "Customer", 20, required=True),
        Dictionary("NAME", 2, "Name", "Name", 60, required=True),
        Dictionary("STATUS", 3, "Status", "Status", 12, required=True, options=LINKS.dictionaries[2].options),
        Dictionary("EMAIL", 4, "E-mail", "Email", 80, "Emails"),
        Dictionary("PHONE", 5, "Phone", "Phone", 30),
        Dictionary("SERVICE", 6, "Service", "Service", 20, "Services"),
        Dictionary("SEATS", 7, "Seats", "Seats", 6, "Services"),
        Dictionary("PRICE", 8, "Price of a seat", "Price", 10, "Services"),
        Dictionary("RENEWAL", 9, "Renewals", "Renewal", 10, "Services", "Renewals", conversion="D4-"),
        Dictionary("CHANGED", 10, "Last change", "Changed", 10, conversion="D4-"),
        Dictionary("TOKEN", 11, "Token of the interface", "Token", 60),
        Dictionary("REMARK", 12, "Remarks", "Remark", 200, "Remarks"),
        Dictionary("ITOTAL", 0, "Worth a year", calculate=_total(7, 8)),
    ),
)
PAYROLL = File("LK.PAYROLL", (_ID,), allowed=False)
FILES = {file.name: file for file in (CUSTOMERS, ORDERS, ITEMS, LINKS, ACCOUNTS, PAYROLL)}


def properties_of(file: File) -> list[dict[str, str]]:
    """Return the rows of LkProperties: all texts. Source: samples *_lkproperties.200.json."""
    return [_property(file, each) for each in file.dictionaries]


def _property(file: File, each: Dictionary) -> dict[str, str]:
    is_calculated = each.calculate is not None
    return {
        "LKITEMID": f"{file.name}*{each.name}",
        "FILENAME": file.name,
        "DICTNAME": each.name,
        "EQUALTO": "",
        "FIELDNUMBER": "" if is_calculated else str(each.number),
        "FIELDMVNUMBER": "",
        "FIELDSVNUMBER": "",
        "ISKEY": "1" if each.name == "ID" else "0",
        "REQUIRED": str(int(each.required)),
        "CALCULATED": str(int(is_calculated)),
        "CUSTOMCONVERSION": "",
        "CUSTOMFORMAT": "",
        "PROPNAME": each.prop or each.name,
        "MVTABLE": f"Mv{each.group}" if each.group else "",
        "SVTABLE": f"Sv{each.sub_group}" if each.sub_group else "",
        "DATATYPE": "ALPHA",
        "MAXLENGTH": str(each.length),
        "OPTIONS": VM.join(value for value, _ in each.options),
        "OPTIONSLABEL": VM.join(label for _, label in each.options),
        "DECIMALS": "",
        "RANGEMIN": "",
        "RANGEMAX": "",
        "VISIBLE": "1",
        **dict.fromkeys(("MAINLABEL", "SHORTLABEL", "PROMPTLABEL"), each.label),
        "HELPLABEL": "",
    }


def dictionary_of(file: File) -> list[dict[str, str]]:
    """Return the items of the dictionary. Assumed: their shape; the answer is not documented."""
    return [
        {
            "LKITEMID": each.name,
            "LKFLD1": "I" if each.calculate else "D",
            "LKFLD2": str(each.number),
            "LKFLD3": each.conversion,
            "LKFLD4": each.label,
            "LKFLD5": f"{each.length}L",
            "LKFLD6": "M" if each.group else "S",
            "LKFLD7": each.group,
        }
        for each in file.dictionaries
    ]
