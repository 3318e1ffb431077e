"""The wordings of the boxes that everybody checks to sign, by version, latest last.

Each signer keeps the words that they agreed to. Changed words need a new version, and a
version that somebody may have agreed to is neither changed nor removed.
"""

CONSENT_TEXTS = {
    "2026-11-22": (
        "I am 18 or older and these are my own words. I agree that they are published "
        "with my name as chosen above, my city, state and profession, unless I chose "
        "not to be shown. I have read the privacy notice and agree to it."
    ),
    # The privacy notice has a box of its own.
    "2026-11-28": (
        "I am 18 or older and these are my own words. I agree that they are published "
        "with my name as chosen above, my city, state, and profession, unless I chose "
        "not to be shown."
    ),
}
CONSENT_VERSION, CONSENT_TEXT = list(CONSENT_TEXTS.items())[-1]

# The version is that of the notice: the date in faq/content/pages/privacy.md.
PRIVACY_TEXTS = {
    "2026-11-28": (
        "I have read the privacy notice of November 28, 2026, and agree to it."
    ),
}
PRIVACY_VERSION, PRIVACY_TEXT = list(PRIVACY_TEXTS.items())[-1]
