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
# Real domains that are one typo away from a common one.
REAL = {"bmail.com", "cloud.com", "email.com", "fmail.com", "hmail.com"}
# A shorter name is one typo away from too many other names.
SHORTEST_MISSPELLED = 5


def suggest(address: str) -> str:
    """Return the address that was probably meant, or "" if `address` looks right."""
    local, _, typed = address.strip().rpartition("@")
    typed = typed.lower()
    if not local or typed in REAL or typed in COMMON:
        return ""
    near = [host for host in COMMON if is_near(typed, host)]
    # Prefer a typo only in the ending: "ymail.con" is near gmail.com, too.
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
    """Whether one letter is missing, extra, or wrong, or two neighbors are swapped."""
    while typed and meant and typed[0] == meant[0]:
        typed, meant = typed[1:], meant[1:]
    while typed and meant and typed[-1] == meant[-1]:
        typed, meant = typed[:-1], meant[:-1]
    return max(len(typed), len(meant)) <= 1 or (
        len(typed) == 2 and typed == meant[::-1]
    )
