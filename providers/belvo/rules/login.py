"""The institution refused the login: seven messages of one code, sessions and codes.

Source: OAS 1.223.0 and “API and Widget Errors”, `login_error`; Belvo says that the messages are being refined, so
each row
looks for the words that tell it apart. *Assumed*: a refused login leaves the credentials at Belvo as they were.
"""

from __future__ import annotations

from ...attention import Attention, Who
from ...errors import Becomes, ErrorRule

_SOURCE = "Belvo errors page and OAS 1.223.0: 400 login_error, told apart by its message."

WRONG_PASSWORD = ErrorRule(
    code="belvo.login_error.wrong_password",
    becomes=Becomes.REFUSED,
    sentence="The institution refused the username or password. Nothing was changed.",
    next_step="Ask the customer to sign in at the institution's own site first, then type that same password here.",
    who=Who.CUSTOMER,
    attention=Attention.NEEDS_PASSWORD,
    remote_codes=("login_error",),
    message=r"invalid credentials provided",
    script="The bank did not accept this password. Could you sign in on your bank's own page once, and then tell "
    "me the "
    "password that worked? A few more wrong attempts could lock your account, so we do not guess.",
    source=_SOURCE,
)
NOT_ATTEMPTED = ErrorRule(
    code="belvo.login_error.not_attempted",
    becomes=Becomes.REFUSED,
    sentence="Belvo did not try this password: the institution refused the same one before. Nothing was changed.",
    next_step="Ask the customer for a different password; the same one will not be tried again.",
    who=Who.CUSTOMER,
    attention=Attention.NEEDS_PASSWORD,
    remote_codes=("login_error",),
    message=r"login not attempted",
    script="This is the password that your bank refused before. Have you changed it since? Please check it on "
    "your bank's "
    "own page and tell me the one that works there.",
    source=_SOURCE,
)
MISSING = ErrorRule(
    code="belvo.login_error.missing_credentials",
    becomes=Becomes.REFUSED,
    sentence="The institution wants a credential that was not given. Nothing was changed.",
    next_step="Fill in every field of the credentials form, also those marked as optional, and send it again.",
    who=Who.AGENT,
    attention=Attention.NEEDS_PASSWORD,
    remote_codes=("login_error",),
    message=r"missing credentials",
    source=_SOURCE,
)
LOCKED = ErrorRule(
    code="belvo.login_error.locked",
    becomes=Becomes.REFUSED,
    sentence="The institution has locked the customer's account. Nothing was changed.",
    next_step="Ask the customer to have the account unlocked by the institution. Do not send a password before that.",
    who=Who.CUSTOMER,
    attention=Attention.CUSTOMER_AT_INSTITUTION,
    remote_codes=("login_error",),
    message=r"account is locked|contact the institution to unlock",
    script="Your bank has locked your online access. Please call your bank or use its page to unlock it. When "
    "you can sign "
    "in there again, call us and we finish it together.",
    source=_SOURCE,
)
FORBIDDEN = ErrorRule(
    code="belvo.login_error.forbidden",
    becomes=Becomes.REFUSED,
    sentence="The institution does not let this customer's account in. Nothing was changed.",
    next_step="Ask the customer to sign in at the institution and accept what it asks for, such as new terms or "
    "a set-up step.",
    who=Who.CUSTOMER,
    attention=Attention.CUSTOMER_AT_INSTITUTION,
    remote_codes=("login_error",),
    message=r"access was forbidden|forbidden by the institution",
    script="Your bank stops the sign-in, often because it wants you to accept new terms or finish a step. Please "
    "sign in on "
    "your bank's own page, do what it asks, and tell me when you are through.",
    source=_SOURCE,
)
MFA_UNSUPPORTED = ErrorRule(
    code="belvo.login_error.code_not_supported",
    becomes=Becomes.REFUSED,
    sentence="The institution asks for a code in a way that Belvo does not support yet. Nothing was changed.",
    next_step="Ask the customer whether the code can be switched off or replaced by another kind; else tell "
    "Belvo the request id.",
    who=Who.PROVIDER,
    attention=Attention.PROVIDER_TROUBLE,
    remote_codes=("login_error",),
    message=r"(mfa )?token is required.*not supported",
    script="Your bank asks for a kind of code that our partner cannot pass on yet. If your bank offers another "
    "kind, such as "
    "a code by text message, you can switch to that and we try again.",
    source=_SOURCE,
)
TRY_LATER = ErrorRule(
    code="belvo.login_error.institution_trouble",
    becomes=Becomes.REFUSED,
    sentence="Something unexpected happened at the institution during the login. Nothing was changed.",
    next_step="Wait some minutes before another try; the password need not be wrong.",
    who=Who.INSTITUTION,
    attention=Attention.INSTITUTION_DOWN,
    remote_codes=("login_error",),
    message=r"impossible to login|something unexpected happened",
    script="Your bank's page has a problem at the moment. It is not your password. We will try again later.",
    source=_SOURCE,
)
LOGIN_OTHER = ErrorRule(
    code="belvo.login_error.other",
    becomes=Becomes.REFUSED,
    sentence="The institution refused the login for a reason that Linkdesk does not know. Nothing was changed.",
    next_step="Read Belvo's own message below. Do not try the same password again before you understand it.",
    who=Who.AGENT,
    attention=Attention.UNKNOWN,
    remote_codes=("login_error",),
    source=_SOURCE,
)
TOO_MANY_SESSIONS = ErrorRule(
    code="belvo.too_many_sessions",
    becomes=Becomes.REFUSED,
    sentence="The customer is signed in at the institution elsewhere, or Belvo is reading there now. Nothing was "
    "changed.",
    next_step="Ask the customer to sign out of the institution's page and app, wait two minutes, then begin again.",
    who=Who.CUSTOMER,
    remote_codes=("too_many_sessions",),
    retry_after_s=120,
    script="Your bank allows one sign-in at a time. Please sign out of its page and app on every device. We wait "
    "two minutes "
    "and try again.",
    source="Belvo errors page and OAS 1.223.0: 400, wait 120 s; the owner's documents show it as 404. By code, "
    "any status.",
)
SESSION_EXPIRED = ErrorRule(
    code="belvo.session_expired",
    becomes=Becomes.REFUSED,
    sentence="The code came too late: the institution has ended this login. Nothing was changed.",
    next_step="Begin again with the password; the institution will then ask for a new code.",
    who=Who.AGENT,
    remote_codes=("session_expired",),
    script="The bank's time for that code is over. I start again now, and you will get a new one.",
    source="Belvo errors page and OAS 1.223.0: 400 session_expired.",
)
SESSION_EXPIRED_WIDGET = ErrorRule(
    code="belvo.session_expired_ob",
    becomes=Becomes.REFUSED,
    sentence="The repair link is over: it was older than 10 minutes, or the bank's page stayed open too long. "
    "Nothing was changed.",
    next_step="Make a new repair link and send it to the customer while they can use it at once.",
    who=Who.CUSTOMER,
    attention=Attention.NEEDS_RECONNECT,
    remote_codes=("session_expired_ob",),
    script="That link has run out. I send you a new one; it works for ten minutes, so please open it right away.",
    source="Belvo errors page: 400 session_expired_ob, sent without a message.",
)
ACTIVATION_REQUIRED = ErrorRule(
    code="belvo.activation_required",
    becomes=Becomes.REFUSED,
    sentence="The customer has not activated online access at the institution yet. Nothing was changed.",
    next_step="Ask the customer to activate online access at the institution, then send the credentials again.",
    who=Who.CUSTOMER,
    attention=Attention.CUSTOMER_AT_INSTITUTION,
    remote_codes=("activation_required",),
    script="Your bank says that online access is not activated yet. Please activate it with your bank, then call "
    "us again.",
    source="Belvo errors page: 428 activation_required, without a session: it cannot be resumed.",
)
ACTIVATION_FAILED = ErrorRule(
    code="belvo.activation_failed",
    becomes=Becomes.REFUSED,
    sentence="Belvo could not activate online access at the institution for the customer. Nothing was changed.",
    next_step="Ask the customer to activate online access at the institution first, then send the credentials again.",
    who=Who.CUSTOMER,
    attention=Attention.CUSTOMER_AT_INSTITUTION,
    remote_codes=("activation_failed",),
    script="Your online access could not be activated for you. Please activate it with your bank, then call us again.",
    source="Belvo errors page: 400 activation_failed.",
)
NO_SESSION = ErrorRule(
    code="belvo.token_required.no_session",
    becomes=Becomes.REFUSED,
    sentence="The institution asks for a code, but Belvo opened no session to answer in. Nothing was changed.",
    next_step="Begin again with the password, or send the customer a repair link.",
    who=Who.AGENT,
    remote_codes=("token_required",),
    source="OAS 1.223.0: 428 token_required comes with a session. Assumed: one without cannot be answered.",
)

# As documented, word for word: a customer whose password is a part of one must not make it unreadable.
MESSAGES = (
    "Invalid credentials provided to login to the institution",
    "Login not attempted due to invalid credentials",
    "Missing credentials to login to the institution",
    "The user account is locked, user needs to contact the institution to unlock it",
    "The user account access was forbidden by the institution",
    "A MFA token is required by the institution, but it's not supported yet by Belvo.",
    "Impossible to login, something unexpected happened while logging into the institution. Try again later.",
)

LOGIN: tuple[ErrorRule, ...] = (
    WRONG_PASSWORD,
    NOT_ATTEMPTED,
    MISSING,
    LOCKED,
    FORBIDDEN,
    MFA_UNSUPPORTED,
    TRY_LATER,
    LOGIN_OTHER,
    TOO_MANY_SESSIONS,
    SESSION_EXPIRED,
    SESSION_EXPIRED_WIDGET,
    ACTIVATION_REQUIRED,
    ACTIVATION_FAILED,
    NO_SESSION,
)
