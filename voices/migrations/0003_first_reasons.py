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


def add(apps, schema_editor):
    reason = apps.get_model("voices", "Reason")
    for label, explanation in REASONS.items():
        reason.objects.get_or_create(
            label=label, defaults={"explanation": explanation}
        )


def remove(apps, schema_editor):
    # Those that a decision points at have to stay.
    reason = apps.get_model("voices", "Reason")
    used = apps.get_model("voices", "Decision").objects.exclude(reason=None)
    reason.objects.filter(label__in=REASONS).exclude(
        pk__in=used.values("reason_id")
    ).delete()


class Migration(migrations.Migration):
    dependencies = [("voices", "0002_figures_follow_and_the_log_stays")]

    operations = [migrations.RunPython(add, remove)]
