"""Which permission each address needs, and which ask once more who somebody is: see `test_access_needs.py`.

Written by hand, from the issue and the table of roles in README. Roles hold several permissions, and the table of roles
cannot tell those that the same roles hold; here somebody has one and no other.
"""

# An address without a line is open to everybody who is signed in, or to anybody at all. Of several, any opens.
NEEDS = """
access-review            MANAGE_STAFF READ_AUDIT
access-review-file       MANAGE_STAFF READ_AUDIT
api-call-code            VIEW
approval-alone           VIEW
approval-approve         APPROVE
approval-decline         APPROVE
approval-detail          VIEW
approval-list            VIEW
approval-withdraw        VIEW
audit-complete           READ_AUDIT
audit-entry-detail       READ_AUDIT
audit-entry-list         READ_AUDIT
audit-export-create      READ_AUDIT
audit-export-detail      READ_AUDIT
audit-export-file        READ_AUDIT
audit-export-list        READ_AUDIT
audit-review-detail      READ_AUDIT
audit-review-list        READ_AUDIT
audit-review-next        READ_AUDIT
audit-segment-detail     READ_AUDIT
audit-segment-export     READ_AUDIT
audit-segment-keep       READ_AUDIT
audit-segment-list       READ_AUDIT
audit-segment-release    READ_AUDIT
audit-status             READ_AUDIT
audit-verify             READ_AUDIT
customer-create          EDIT_CUSTOMERS
customer-detail          VIEW
customer-edit            EDIT_CUSTOMERS
customer-erase           MANAGE_STAFF
customer-list            VIEW
linked-account-create    REPAIR
linked-account-detail    VIEW
linked-account-list      VIEW
linked-account-live      VIEW
linked-account-look      VIEW
linked-account-report    VIEW
linked-account-table     VIEW
operation-again          REPAIR
operation-apply          REPAIR
operation-cancel         REPAIR
operation-create         REPAIR
operation-detail         VIEW
operation-leave          REPAIR
operation-preview        REPAIR
operation-report         VIEW
operation-status         VIEW
operation-token          REPAIR
saved-query-change       READ_AUDIT
saved-query-list         READ_AUDIT
staff-create             MANAGE_STAFF
staff-detail             MANAGE_STAFF
staff-disable            MANAGE_STAFF
staff-enable             MANAGE_STAFF
staff-link               MANAGE_STAFF
staff-list               MANAGE_STAFF
staff-reset-factor       MANAGE_STAFF
staff-set-roles          MANAGE_STAFF
"""

# Besides VIEW: whoever may neither ask for a second person nor be one, nor review what they did, has no list.
LIST_OF_APPROVALS = ("REPAIR", "APPROVE", "READ_AUDIT", "MANAGE_STAFF")

# "Re-authentication before credentials, delete, export, role and approval actions". Each address that takes a form has
# a line, and each page that asks before it shows one; no other page asks.
PROOF = """
access-review-file          GET   asks  an export
account_change_password     GET   asks  one's own credentials
account_change_password     POST  asks  one's own credentials
account_login               POST  free  it is the sign-in
account_logout              POST  free  gives up what one may do
account_reauthenticate      POST  free  it is the question
approval-alone              GET   asks  goes on without the second person
approval-alone              POST  asks  goes on without the second person
approval-approve            POST  asks  an approval
approval-decline            POST  asks  an approval
approval-withdraw           POST  free  takes one's own request back; nothing can be done by it
audit-export-create         GET   asks  an export
audit-export-create         POST  asks  an export
audit-export-file           GET   asks  an export
audit-review-detail         POST  free  an opinion on an entry, with a name to it
audit-segment-export        POST  asks  an export
audit-segment-keep          POST  asks  undoes what two people agreed to
audit-segment-release       POST  asks  a deletion and its approval
audit-verify                POST  free  only looks
customer-create             POST  free  can be put right
customer-edit               POST  free  can be put right
customer-erase              GET   asks  cannot be taken back
customer-erase              POST  asks  cannot be taken back
handover                    POST  free  for customers, who prove themselves at their bank
invitation                  POST  free  nobody is signed in; its key is the proof
linked-account-look         POST  free  only looks
mfa_activate_totp           GET   asks  one's own credentials
mfa_activate_totp           POST  asks  one's own credentials
mfa_add_webauthn            GET   asks  one's own credentials
mfa_add_webauthn            POST  asks  one's own credentials
mfa_authenticate            POST  free  it is the sign-in
mfa_deactivate_totp         GET   asks  one's own credentials
mfa_deactivate_totp         POST  asks  one's own credentials
mfa_edit_webauthn           GET   asks  one's own credentials
mfa_edit_webauthn           POST  asks  one's own credentials
mfa_generate_recovery_codes GET   asks  one's own credentials
mfa_generate_recovery_codes POST  asks  one's own credentials
mfa_login_webauthn          POST  free  it is the sign-in
mfa_reauthenticate          POST  free  it is the question
mfa_reauthenticate_webauthn POST  free  it is the question
mfa_remove_webauthn         GET   asks  one's own credentials
mfa_remove_webauthn         POST  asks  one's own credentials
mfa_view_recovery_codes     GET   asks  one's own credentials
openid_connect_callback     POST  free  it is the sign-in
openid_connect_login        POST  free  it is the sign-in
operation-again             POST  asks  for a secret or a deletion, see ACTIONS
operation-apply             POST  asks  for a secret or a deletion, see ACTIONS
operation-cancel            POST  free  gives up what was not sent
operation-create            POST  asks  for a secret or a deletion, see ACTIONS
operation-leave             POST  free  gives up what was not sent
operation-preview           POST  free  sends nothing
operation-token             POST  free  goes on with what was proved; the code would run out over the question
saved-query-change          POST  free  one's own bookmark
saved-query-list            POST  free  one's own bookmark
staff-create                GET   asks  roles
staff-create                POST  asks  roles
staff-disable               POST  asks  takes away what somebody may do
staff-enable                POST  asks  gives back what somebody may do
staff-link                  POST  asks  another's credentials
staff-reset-factor          POST  asks  another's credentials
staff-set-roles             POST  asks  roles
theme                       POST  free  a colour
usersessions_list           POST  free  ends one's sessions elsewhere: whoever fears a thief is not held up
"""

# Each action of each provider: those that cannot be taken back, and those whose form has a field for a secret.
ACTIONS = """
belvo     consents      asks
belvo     credentials   asks
belvo     delete        asks
belvo     refresh       free
belvo     repair_link   free
belvo     settings      free
flxpoint  configs       asks where a config is a secret
flxpoint  create        asks where a config is a secret
linkar    edit          asks where an attribute is a secret
linkar    look          free
moneykit  delete        asks
moneykit  refresh       free
moneykit  repair_link   free
moneykit  reset         free
moneykit  settings      free
moneykit  test_webhook  free
"""
