"""Generate the email address, IP address, and form data of each simulated signer."""

from urllib.parse import urlencode

# This email domain is a MailProvider in the benchmark's database, so the site doesn't
# limit the number of submitted forms with addresses at this domain.
PROVIDER = "mail.example"
LETTERS = str.maketrans("0123456789", "abcdefghij")


def word(number: int) -> str:
    """Spell a number with a to j, because digits may look like a phone number."""
    return str(number).translate(LETTERS)


def email(number: int) -> str:
    """Return an email address, at PROVIDER for two in three signers.

    The other addresses each have a new domain.
    """
    domain = f"{word(number)}.example" if number % 3 == 0 else PROVIDER
    return f"signer-{word(number)}@{domain}"


def network(number: int) -> str:
    """Return an IP address; each number, up to 15 million, has its own /24."""
    return f"{11 + (number >> 16)}.{number >> 8 & 255}.{number & 255}.7"


def visitor(number: int) -> str:
    """Return a visitor's request headers, as the site's proxy would pass them on."""
    return (
        f"X-Forwarded-For: {network(number)}\r\n"
        "Accept-Encoding: gzip\r\nAccept-Language: en-US\r\n"
    )


def form(number: int, hidden: dict[str, str]) -> dict[str, str]:
    return hidden | {
        "name": f"Ana Reyes {chr(65 + number % 26)}",
        "name_display": "full",
        "email": email(number),
        "city": "Columbus",
        "state": "OH",
        "profession": "Nurse",
        "statement": f"Nobody is above the law. I say it as {word(number)} does.",
        "consent": "on",
        "privacy": "on",
    }


def encode(fields: dict[str, str]) -> bytes:
    return urlencode(fields).encode()
