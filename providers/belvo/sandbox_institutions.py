"""The institutions of the emulator: those of Belvo's own sandbox, and invented ones with one special trait each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
BANK = ("ACCOUNTS", "BALANCES", "INCOMES", "OWNERS", "RECURRING_EXPENSES", "RISK_INSIGHTS", "TRANSACTIONS")
WORD = "^[a-zA-Z0-9_]{1,16}$"
ANYTHING = "^.{4,128}$"
STATICS = "https://statics.sandbox.belvo.io/institutions"


@dataclass(frozen=True, slots=True)
class Institution:
    """What Belvo shows of an institution (`body`), and how it behaves when somebody logs in.

    `mfa` is the kind of challenge of every login ("" for none), `expiry` as it is sent. `login_case` and `refresh_case`
    are words of `sandbox_cases.CASES`. `old_shapes`: answers as the API of 2021 does. `resumed_status`: 200 and 201 are
    both documented.
    """

    body: Json
    mfa: str = ""
    expiry: int | str = 720
    login_case: str = ""
    refresh_case: str = ""
    old_shapes: bool = False
    slow: bool = False
    resumed_status: int = 200

    @property
    def name(self) -> str:
        return str(self.body["name"])

    @property
    def is_openfinance(self) -> bool:
        return self.body["integration_type"] in ("openfinance", "openbanking")

    @property
    def form_fields(self) -> list[Json]:
        return list(self.body["form_fields"])

    @property
    def resources(self) -> list[str]:
        return list(self.body["resources"])


def institutions() -> dict[str, Institution]:
    """Return every institution by name, in the order of names."""
    return {found.name: found for found in sorted(_all(), key=lambda found: found.name)}


def _body(
    number: int,
    name: str,
    display_name: str,
    form_fields: list[Json],
    *,
    kind: str = "bank",
    logo: str | None = "erebor",
    resources: tuple[str, ...] = BANK,
    status: str = "healthy",
    integration_type: str = "credentials",
    openbanking: Json | None = None,
    asks_token: bool = False,
) -> Json:
    country = name.split("_")[1].upper()
    feature = {"name": "token_required", "description": "institution may need a token during link creation / login"}
    return {
        "id": number,
        "name": name,
        "type": kind,
        "code": str(number) if number < 2000 else None,
        "website": None,
        "display_name": display_name,
        "country_code": country,
        "country_codes": [country],
        "primary_color": "#056dae",
        "logo": f"{STATICS}/text_logos/{logo}.svg" if logo else None,
        "icon_logo": f"{STATICS}/icon_logos/{logo}_sm.svg" if logo else None,
        "text_logo": f"{STATICS}/text_logos/{logo}.svg" if logo else None,
        "form_fields": form_fields,
        "features": [feature] if asks_token else [],
        "integration_type": integration_type,
        "status": status,
        "resources": list(resources),
        "openbanking_information": openbanking,
    }


def _text(name: str, label: str, pattern: str = WORD, kind: str = "text", **more: Any) -> Json:
    message = "Requiere 1 y 16 caracteres" if pattern == WORD else "Formato incorrecto"
    found: Json = {"name": name, "type": kind, "label": label, "validation": pattern}
    if kind == "text":
        found["placeholder"] = "12345678901"
    return found | {"validation_message": message} | more


def _login(username: str, password: str, pattern: str = WORD) -> list[Json]:
    return [_text("username", username), _text("password", password, pattern, "password")]


def _documents(*options: tuple[str, str], placeholder: str) -> Json:
    values = [
        {
            "code": code,
            "label": label,
            "validation": "^.{1,}$",
            "validation_message": "Credenciales incorrectas.",
            "placeholder": "Número de identificación.",
        }
        for code, label in options
    ]
    return {
        "name": "username_type",
        "type": "select",
        "values": values,
        "placeholder": placeholder,
        "pre_selected": 0,
    }


def _token(length: int = 6) -> Json:
    return {
        "name": "token",
        "type": "number",
        "label": "Token",
        "length": str(length),
        "optional": True,
        "validation": f"^\\d{{{length}}}$",
        "validation_message": f"Requiere {length} dígitos",
    }


def _advanced() -> list[Json]:
    kinds = _documents(("999", "Identification (invalid)"), ("003", "Passport (valid)"), placeholder="Opções de acesso")
    return [
        kinds,
        _text("username", "Conta"),
        _text("username2", "Conta 2"),
        _text("password", "Senha", WORD, "password"),
        _text("password2", "Senha 2", WORD, "password"),
    ]


def _cpf() -> list[Json]:
    # The missing group around the two branches is Belvo's own.
    pattern = "^\\d{11}|\\d{3}\\.\\d{3}\\.\\d{3}-\\d{2}$"
    message = "Requiere 11 dígitos o 11 dígitos con formato 123.456.789-01"
    return [_text("username", "CPF", pattern, validation_message=message)]


def _all() -> list[Institution]:
    return [*_belvos_sandbox(), *_challenging(), *_troubled(), *_elaborate()]


def _belvos_sandbox() -> list[Institution]:
    plain = _login("usuário", "senha")
    participant = {
        "description": "Mock participant for tests",
        "participants": ["OF Mock Bank"],
        "authorization_server_id": "257fe158-a6fa-444e-bfb2-59633f557ede",
    }
    curp = _text(
        "username",
        "CURP",
        "^([A-Z]{4})([0-9]{6})([A-Z]{6})([A-Z0-9]{2})$",
        placeholder="Ej: LOLJ970312MBSPPN08",
        validation_message="La CURP tiene que ser de 18 caracteres y mayúsculas",
    )
    fiscal = ("FINANCIAL_STATEMENTS", "INVOICES", "TAX_COMPLIANCE_STATUS", "TAX_RETURNS", "TAX_STATUS")
    advanced = ("ACCOUNTS", "BALANCES", "OWNERS", "TRANSACTIONS")
    open_finance = ("ACCOUNTS", "BALANCES", "BILLS", "OWNERS", "TRANSACTIONS")
    return [
        Institution(_body(1004, "erebor_mx_retail", "Erebor Bank", plain)),
        Institution(_body(1005, "erebor_co_retail", "Erebor Bank", plain)),
        Institution(_body(1006, "erebor_br_retail", "Erebor Bank", plain)),
        Institution(_body(1001, "gringotts_mx_retail", "Gringotts Bank", plain, logo="gringotts")),
        Institution(
            _body(1002, "gringotts_co_retail", "Gringotts Bank", plain, logo="gringotts", status="down"),
            login_case="institution_down",
        ),
        Institution(_body(1003, "gringotts_br_retail", "Gringotts Bank", plain, logo="gringotts")),
        Institution(
            _body(
                1015,
                "ironbank_br_business",
                "Iron Bank (Advanced login)",
                _advanced(),
                logo="ironbank",
                resources=advanced,
            )
        ),
        Institution(
            _body(
                1016,
                "ironbank_br_retail",
                "Iron Bank (Advanced login)",
                _advanced(),
                logo="ironbank",
                resources=advanced,
            ),
            refresh_case="unsupported_operation",
        ),
        Institution(
            _body(
                9256,
                "ofmockbank_br_retail",
                "OF Mock Bank by Raidiam",
                _cpf(),
                logo="mockbank",
                resources=open_finance,
                integration_type="openfinance",
                openbanking=participant,
            )
        ),
        Institution(
            _body(
                9454,
                "planet_mx_employment",
                "Planet Express Employment",
                [curp, {"name": "password", "type": "hidden", "value": "fake-password"}],
                kind="employment",
                logo=None,
                resources=("EMPLOYMENT_RECORDS", "OWNERS"),
            )
        ),
        Institution(
            _body(
                1013,
                "tatooine_mx_fiscal",
                "Tatooine Fiscal",
                _login("username", "password"),
                kind="fiscal",
                logo="tatooine",
                resources=fiscal,
            )
        ),
    ]


def _challenging() -> list[Institution]:
    """Each asks for a code of its own kind at every login."""
    heimdall = [*_login("username", "password"), _token()]
    return [
        Institution(
            _body(
                1014,
                "heimdall_mx_retail",
                "Heimdall Bank (Pruebas MFA)",
                heimdall,
                logo="heimdall",
                asks_token=True,
            ),
            mfa="numeric",
        ),
        Institution(
            _body(1020, "heimdall_br_retail", "Heimdall Bank (Código QR)", heimdall, logo="heimdall", asks_token=True),
            mfa="qr",
            expiry=300,
        ),
        Institution(
            _body(1021, "heimdall_co_retail", "Heimdall Bank (SMS)", heimdall, logo="heimdall", asks_token=True),
            mfa="text",
            expiry="720",
        ),
        Institution(
            # Belvo's list shows no feature here although a code is asked for (seen in a captured answer).
            _body(1012, "gotham_br_business", "Gotham Bank", _login("Usuário", "Senha", ANYTHING), logo="gotham"),
            mfa="numeric",
            old_shapes=True,
            resumed_status=201,
        ),
        Institution(
            _body(9901, "rohan_mx_retail", "Banco Rohan", _login("Usuario", "Contraseña", ANYTHING), asks_token=True),
            mfa="inputless",
            expiry=180,
        ),
        Institution(
            _body(9902, "bree_br_retail", "Banco de Bree", _login("Usuário", "Senha", ANYTHING), asks_token=True),
            mfa="qr_text",
            expiry=300,
        ),
        Institution(
            _body(9903, "mordor_co_business", "Banco de Mordor", _login("Usuario", "Clave", ANYTHING), asks_token=True),
            mfa="numeric",
            expiry=45,
        ),
    ]


def _troubled() -> list[Institution]:
    """Each answers a login with trouble of its own."""
    login = _login("Usuario", "Contraseña", ANYTHING)
    return [
        Institution(
            _body(9911, "mirkwood_br_retail", "Banco Mirkwood", _login("Usuário", "Senha", ANYTHING)),
            login_case="institution_unavailable",
        ),
        Institution(
            _body(9912, "isengard_co_retail", "Banco Isengard", login, status="down"), login_case="institution_inactive"
        ),
        Institution(_body(9913, "fangorn_mx_retail", "Caja Fangorn (slow)", login), slow=True),
        Institution(
            _body(
                9914,
                "shelob_mx_retail",
                "Cooperativa Shelob",
                [
                    {"name": "username", "type": "text"},
                    {"name": "password", "type": "password", "label": None, "validation": "^[a-z{1,"},
                    {"name": "password2", "type": "iris_scan", "label": "Clave de operaciones", "optional": True},
                ],
            )
        ),
    ]


def _elaborate() -> list[Institution]:
    """Forms with more than a password."""
    kinds = _documents(
        ("001", "Cédula de Ciudadanía"),
        ("002", "Cédula de Extranjería"),
        ("003", "Pasaporte"),
        ("020", "NIT"),
        placeholder="Tipo de documento",
    )
    gondor = [
        kinds,
        _text("username", "Número de documento", "^\\d{5,12}$"),
        _text("password", "Clave de 4 dígitos", "^\\d{4}$", "password", length="4"),
    ]
    rivendell = [
        *_login("Número de cliente", "Contraseña", ANYTHING),
        _text("password2", "Clave de operaciones", ANYTHING, "password"),
        _token(),
    ]
    return [
        Institution(_body(9921, "gondor_co_retail", "Banco de Gondor", gondor)),
        Institution(_body(9922, "rivendell_mx_business", "Banca Rivendell Empresas", rivendell)),
        Institution(
            _body(
                9923, "lorien_br_retail", "Banco Lórien S.A.", _login("Agência e conta", "Senha eletrônica", ANYTHING)
            )
        ),
        Institution(
            _body(
                9924,
                "ofbs2_br_business",
                "BS2 Empresas",
                _cpf(),
                resources=("ACCOUNTS", "BALANCES", "OWNERS", "TRANSACTIONS"),
                integration_type="openbanking",
            )
        ),
    ]
