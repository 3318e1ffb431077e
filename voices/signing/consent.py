"""What a signer agrees to, word for word, with the version that is stored with it."""

# A change of the words takes a new version; the old words stay with their signers.
VERSION = "2026-11-22"
TEXT = (
    "I am 18 or older, these are my own words, and I agree that my name as chosen "
    "above, my city, state, profession and statement are published. I have read the "
    "privacy notice and agree to it."
)
