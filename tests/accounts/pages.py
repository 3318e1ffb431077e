"""Every staff page and who may see it; a test fails if a page is missing here."""

from accounts.roles import Role

E, L, A = Role.EDITOR, Role.LEAD, Role.ADMINISTRATOR
# Everybody who moderates.
M = {Role.MODERATOR, Role.SECOND_READER, L, A}
EVERYBODY, NOBODY = set(Role), set()

# Models in the admin: the roles that may view, add, and delete their rows.
MODELS = {
    "accounts_accountevent": ({A}, NOBODY, NOBODY),
    "accounts_invitation": ({A}, {A}, NOBODY),
    "auth_user": ({A}, NOBODY, NOBODY),
    "rankings_assessment": ({E, A}, {Role.EDITOR, A}, {A}),
    "rankings_citation": ({Role.EDITOR, A}, NOBODY, NOBODY),
    "rankings_edition": ({Role.EDITOR, A}, {Role.EDITOR, A}, {A}),
    "faq_case": ({E, A}, {E, A}, {A}),
    "faq_chart": ({E, A}, {E, A}, {A}),
    "faq_page": ({E, A}, NOBODY, NOBODY),
    "faq_question": ({E, A}, {E, A}, {A}),
    "faq_timelineentry": ({E, A}, {E, A}, {A}),
    "voices_addresssearch": ({A}, NOBODY, NOBODY),
    "voices_allowednetwork": ({A}, {A}, {A}),
    "voices_awaitingvoice": (M, NOBODY, NOBODY),
    "voices_batch": (M, NOBODY, NOBODY),
    "voices_blockeddomain": ({A}, {A}, {A}),
    "voices_blockednetwork": ({A}, {A}, {A}),
    "voices_decision": (M, NOBODY, NOBODY),
    "voices_flagrule": ({L, A}, NOBODY, NOBODY),
    "voices_foundingrequest": (M, NOBODY, NOBODY),
    "voices_heldsubmission": ({A}, NOBODY, NOBODY),
    "voices_invalidatedsignature": ({A}, NOBODY, NOBODY),
    "voices_invalidation": ({A}, {A}, NOBODY),
    "voices_letter": ({A}, NOBODY, NOBODY),
    "voices_limit": ({A}, NOBODY, NOBODY),
    "voices_mailprovider": ({A}, {A}, {A}),
    "voices_petition": ({A}, {A}, NOBODY),
    "voices_quarantinedsignature": ({A}, NOBODY, NOBODY),
    "voices_rankingerror": ({Role.EDITOR, A}, NOBODY, NOBODY),
    "voices_reading": ({L, A}, NOBODY, NOBODY),
    "voices_reason": (M, {L, A}, NOBODY),
    "voices_report": (M, NOBODY, NOBODY),
    "voices_reviewrule": ({L, A}, {L, A}, NOBODY),
    "voices_stocksentence": (M, {L, A}, {L, A}),
    "voices_reveal": ({A}, NOBODY, NOBODY),
    "voices_sendingrate": ({A}, {A}, NOBODY),
    "voices_signature": ({A}, NOBODY, NOBODY),
    "voices_tag": ({Role.ORGANIZER, A}, {Role.ORGANIZER, A}, NOBODY),
    "voices_update": ({A}, {A}, {A}),
    "voices_voice": (M, NOBODY, NOBODY),
    "voices_watchedword": ({L, A}, {L, A}, {L, A}),
}
# The permission, of those three, that each page of a model requires.
VIEW, ADD, DELETE = range(3)
KINDS = {
    "changelist": VIEW,
    "change": VIEW,
    "history": VIEW,
    "simple_history": VIEW,
    "preview": VIEW,
    "preview_new": ADD,
    "add": ADD,
    "delete": DELETE,
}
# Other pages of the admin.
OTHERS = {
    "agreement": {L, A},
    "autocomplete": NOBODY,
    "figures": {Role.ORGANIZER, A},
    "find": M,
    "find_part": {A},
    "index": EVERYBODY,
    "jsi18n": EVERYBODY,
    "login": EVERYBODY,
    "my_day": M,
    "password_change": EVERYBODY,
    "password_change_done": EVERYBODY,
    "rankings_assessment_import": {Role.EDITOR, A},
    "rankings_assessment_process_import": {Role.EDITOR, A},
    "rankings_citation_check": {Role.EDITOR, A},
    "rankings_edition_publish": {Role.EDITOR, A},
    "texts_to_check": {Role.EDITOR, A},
    "review": M,
    "voices_awaitingvoice_decide": M,
    "voices_awaitingvoice_bulk": M,
    # Somebody else's batch.
    "voices_batch_undo": {L, A},
    # A list only, because nobody may read a statement before it is confirmed.
    "voices_heldsubmission_change": NOBODY,
    "voices_heldsubmission_history": NOBODY,
    "voices_invalidatedsignature_reveal": {A},
    "voices_invalidation_undo": {A},
    "voices_quarantinedsignature_reveal": {A},
    "voices_quarantinedsignature_settle": {A},
    "voices_signature_reveal": {A},
    "voices_tag_poster": {Role.ORGANIZER, A},
    "voices_update_html": {A},
    "voices_update_send": {A},
    "voices_voice_bulk": M,
    "voices_voice_decide": M,
}
# Access to these depends on the arguments; they have their own tests.
APART = {"app_list", "logout", "view_on_site"}

# The accounts' own pages: open to strangers, or to anyone who is signed in.
FOR_STRANGERS = {
    "account_inactive",
    "account_login",
    "account_logout",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "accounts_index",
    "accounts_invitation",
    "accounts_invitation_password",
    "mfa_authenticate",
    "mfa_login_webauthn",
}
FOR_OWNERS = {
    "account_change_password",
    "account_reauthenticate",
    "account_set_password",
    "accounts_end_session",
    "accounts_kept",
    "accounts_stay",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_deactivate_totp",
    "mfa_download_recovery_codes",
    "mfa_edit_webauthn",
    "mfa_generate_recovery_codes",
    "mfa_index",
    "mfa_list_webauthn",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
    "mfa_remove_webauthn",
    "mfa_view_recovery_codes",
    "usersessions_list",
}
