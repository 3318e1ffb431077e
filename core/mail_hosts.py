"""Detect typos in common email domains, such as "gmial.com" or "yahoo.con".

To avoid flagging real domains, a domain counts as mistyped only if it has at most one
typo in the name and one in the ending.
"""

# The most common domains come first.
COMMON = [
    "gmail.com",
    "yahoo.com",
    "hotmail.com",
    "outlook.com",
    "icloud.com",
    "aol.com",
    "live.com",
    "msn.com",
    "comcast.net",
    "verizon.net",
    "att.net",
    "sbcglobal.net",
    "bellsouth.net",
    "cox.net",
    "charter.net",
    "ymail.com",
    "rocketmail.com",
    "protonmail.com",
    "proton.me",
    "me.com",
    "mac.com",
    "mail.com",
    "gmx.com",
    "earthlink.net",
    "optonline.net",
    "frontier.com",
    "windstream.net",
    "centurylink.net",
    "juno.com",
    "netzero.net",
    "fastmail.com",
    "zoho.com",
    "googlemail.com",
]
# Real domains that are one typo away from a common domain.
REAL = {"bmail.com", "cloud.com", "email.com", "fmail.com", "hmail.com"}
# The length of the shortest name in which typos are detected. A shorter name is one
# typo away from too many others.
SHORTEST_MISSPELLED = 5


def suggest(address: str) -> str:
    """Return the address that was probably meant; "" if `address` has no known typo."""
    local, _, typed = address.strip().rpartition("@")
    typed = typed.lower()
    if not local or typed in REAL or typed in COMMON:
        return ""
    near = [host for host in COMMON if is_near(typed, host)]
    # Prefer a domain whose name has no typo: for "ymail.con", ymail.com over gmail.com.
    name = typed.partition(".")[0]
    near.sort(key=lambda host: host.partition(".")[0] != name)
    return f"{local}@{near[0]}" if near else ""


def is_near(typed: str, host: str) -> bool:
    typed_name, _, typed_ending = typed.partition(".")
    name, _, ending = host.partition(".")
    is_same = typed_name == name
    return (
        is_same or (len(name) >= SHORTEST_MISSPELLED and is_one_typo(typed_name, name))
    ) and (typed_ending == ending or is_one_typo(typed_ending, ending))


def is_one_typo(typed: str, meant: str) -> bool:
    """Return whether `typed` is `meant` with at most one typo.

    A typo is a missing, extra, or wrong character, or a swap of two adjacent
    characters.
    """
    while typed and meant and typed[0] == meant[0]:
        typed, meant = typed[1:], meant[1:]
    while typed and meant and typed[-1] == meant[-1]:
        typed, meant = typed[:-1], meant[:-1]
    return max(len(typed), len(meant)) <= 1 or (
        len(typed) == 2 and typed == meant[::-1]
    )
