"""The exact words that a signer agrees to, and the version stored with them."""

# Changed words need a new version; each signer keeps the words they agreed to.
VERSION = "2026-11-22"
TEXT = (
    "I am 18 or older and these are my own words. I agree that they are published with "
    "my name as chosen above, my city, state and profession, unless I chose not to be "
    "shown. I have read the privacy notice and agree to it."
)
