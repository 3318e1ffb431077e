"""The texts of the checkboxes that every signer checks, by version, latest last.

Each signature stores the texts that its signer agreed to. To change a text, add a new
version. Never change or remove a version that somebody may have agreed to.
"""

CONSENT_TEXTS = {
    "2026-11-22": (
        "I am 18 or older and these are my own words. I agree that they are published "
        "with my name as chosen above, my city, state and profession, unless I chose "
        "not to be shown. I have read the privacy notice and agree to it."
    ),
    # From this version on, the privacy notice has its own checkbox.
    "2026-11-28": (
        "I am 18 or older and these are my own words. I agree that they are published "
        "with my name as chosen above, my city, state, and profession, unless I chose "
        "not to be shown."
    ),
    # From this version on, the text stored with a signature begins with the petition's
    # words.
    "2026-11-28.2": (
        "I am 18 or older, and I sign in my own name and words. I agree that they are "
        "published as I choose below, with my city, state, and profession, unless I "
        "choose not to be shown."
    ),
}
CONSENT_VERSION, CONSENT_TEXT = list(CONSENT_TEXTS.items())[-1]

# The version is the date of the privacy notice (`updated` in
# faq/content/pages/privacy.md).
PRIVACY_TEXTS = {
    "2026-11-28": (
        "I have read the privacy notice of November 28, 2026, and agree to it."
    ),
    "2026-11-29": (
        "I have read the privacy notice of November 29, 2026, and agree to it."
    ),
}
PRIVACY_VERSION, PRIVACY_TEXT = list(PRIVACY_TEXTS.items())[-1]
