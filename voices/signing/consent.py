"""What a signer agrees to, word for word, with the version that is stored with it."""

# A change of the words takes a new version; the old words stay with their signers.
VERSION = "2026-11-22"
TEXT = (
    "I am 18 or older and these are my own words. I agree that they are published with "
    "my name as chosen above, my city, state and profession, unless I chose not to be "
    "shown. I have read the privacy notice and agree to it."
)
