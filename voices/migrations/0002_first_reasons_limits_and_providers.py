from django.db import migrations

REASONS = {
    "Private details": "It holds details of a private person, such as a phone number, "
    "an address or a full name.",
    "Accuses somebody by name": "It accuses a person by name of something that no "
    "court has found.",
    "Not about qualified immunity": "It is about something other than qualified "
    "immunity.",
    "Threat or abuse": "It threatens or insults somebody.",
    "Advertising or links": "It advertises something or leads to another site.",
    "Not in your own words": "It is a text that others have sent as well, or that was "
    "taken from somebody else.",
    "Not a real name": "The name does not look like the name of a person.",
}

# For each limit, the number of forms and the window in minutes. Many people share the
# IP address of an office, a school, or a phone company, so a sign-up over a limit is
# accepted, but its email is delayed or held; docs/design.md has the reasons for these
# numbers. Staff can change them in the admin.
LIMITS = {
    "address-burst": (5, 60),
    "address-sustained": (10, 24 * 60),
    "domain-sustained": (500, 24 * 60),
    "everybody-burst": (600, 10),
    "network-burst": (60, 10),
    "network-flood": (6000, 10),
    "network-sustained": (200, 24 * 60),
    "wide-burst": (300, 10),
    "wide-flood": (10_000, 10),
    "wide-sustained": (1000, 24 * 60),
}

# Spelled as addresses.canonical() returns them (core/addresses.py).
PROVIDERS = """
    aim.com ameritech.net aol.com att.net bellsouth.net centurylink.net charter.net
    comcast.net cox.net duck.com earthlink.net fastmail.com frontier.com
    frontiernet.net gmail.com gmx.com gmx.net hey.com hotmail.com hughes.net icloud.com
    juno.com live.com mail.com mediacombb.net msn.com netscape.net netzero.net
    optimum.net optonline.net outlook.com pacbell.net proton.me protonmail.ch q.com
    rocketmail.com rr.com sbcglobal.net suddenlink.net swbell.net tds.net tuta.com
    tutanota.com verizon.net windstream.net wowway.com yahoo.com ymail.com zoho.com
"""


# The petition's first version. The site replaces {lawmakers} with the addressee.
PETITION = {
    "to_congress": "I ask Congress to end qualified immunity by law.",
    "to_lawmakers": "I ask {lawmakers} to let people sue, under state law, when "
    "officials violate their rights.",
    "series": 1,
}

# The tags of the site's own links and posters. The code also contains these slugs.
TAGS = {
    "poster": "Wall poster",
    "table-tent": "Table tent",
    "tear-off": "Poster with tear-off strips",
    "embed": "Box on another site",
    "share": "Copied link, or the browser’s share button",
    "whatsapp": "WhatsApp",
    "sms": "Text message",
    "email": "Email",
    "facebook": "Facebook",
    "x": "X",
    "bluesky": "Bluesky",
    "reddit": "Reddit",
    "linkedin": "LinkedIn",
}


def add(apps, schema_editor):
    reason = apps.get_model("voices", "Reason")
    for label, explanation in REASONS.items():
        reason.objects.get_or_create(
            label=label, defaults={"explanation": explanation}
        )
    limit = apps.get_model("voices", "Limit")
    for of, (most, minutes) in LIMITS.items():
        limit.objects.get_or_create(of=of, defaults={"most": most, "minutes": minutes})
    petition = apps.get_model("voices", "Petition")
    petition.objects.get_or_create(**PETITION)
    tag = apps.get_model("voices", "Tag")
    for slug, name in TAGS.items():
        tag.objects.get_or_create(slug=slug, defaults={"name": name})
    provider = apps.get_model("voices", "MailProvider")
    for domain in PROVIDERS.split():
        provider.objects.get_or_create(domain=domain)


class Migration(migrations.Migration):
    dependencies = [("voices", "0001_voices_and_signatures")]

    # Migrating backward does nothing here: undoing 0001 drops the tables.
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
