from django.db import migrations

SENTENCES = [
    "Please take out the phone number, email, or street address.",
    "Please describe what happened without naming the person.",
    "Please use your own words instead of a shared text.",
    "Please shorten this to what you want lawmakers to hear.",
    "Please say how this is about qualified immunity.",
    "Please take out the link.",
    "Please take out the insults.",
]
# The order of the first reasons: the most frequent first.
REASONS = [
    "Private details",
    "Accuses somebody by name",
    "Threat or abuse",
    "Not about qualified immunity",
    "Campaigning for a candidate",
    "Not in your own words",
    "Advertising or links",
    "Not a statement",
    "Not a real name",
    "Written in another language",
]
# Those that are new, with their explanations.
NEW = {
    "Campaigning for a candidate": "It asks people to vote for or against a candidate "
    "or a party.",
    "Not a statement": "It is a test, or it does not say anything.",
    "Written in another language": "Our moderators can only read English. You can send "
    "it again in English.",
}
# Where a reason that staff have not moved is listed.
UNMOVED = 100


def add(apps, schema_editor):
    sentence = apps.get_model("voices", "StockSentence")
    for position, text in enumerate(SENTENCES, 1):
        sentence.objects.get_or_create(text=text, defaults={"position": position})
    reason = apps.get_model("voices", "Reason")
    for label, explanation in NEW.items():
        reason.objects.get_or_create(
            label=label, defaults={"explanation": explanation}
        )
    for position, label in enumerate(REASONS, 1):
        reason.objects.filter(label=label, position=UNMOVED).update(position=position)


class Migration(migrations.Migration):
    dependencies = [("voices", "0004_review_indexes")]

    # Migrating backward does nothing here: undoing 0003 drops the table and the column.
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
