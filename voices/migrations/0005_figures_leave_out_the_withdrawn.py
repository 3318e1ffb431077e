from django.db import migrations

CELLS = """
CREATE OR REPLACE FUNCTION voices_voice_cells(v voices_voice)
RETURNS TABLE (subject text, state text, profession_group text)
LANGUAGE sql IMMUTABLE AS $$
    SELECT 'statements', v.state, v.profession_group
    WHERE v.published_at IS NOT NULL AND v.taken_down_at IS NULL {withdrawn}
        AND v.statement <> ''
    UNION ALL
    SELECT 'signers', v.state, v.profession_group
    WHERE v.published_at IS NOT NULL AND v.taken_down_at IS NULL {withdrawn}
        AND v.founding_number IS NOT NULL
$$;
"""

# Many people share an office, a school or a phone company's address, so the limits
# of a network are wide; staff narrow them under attack.
LIMITS = {
    "network-burst": (30, 10),
    "network-sustained": (200, 24 * 60),
    "address-burst": (5, 60),
    "address-sustained": (10, 24 * 60),
    "everybody-burst": (600, 10),
}


def add_limits(apps, schema_editor):
    limit = apps.get_model("voices", "Limit")
    for of, (most, minutes) in LIMITS.items():
        limit.objects.get_or_create(of=of, defaults={"most": most, "minutes": minutes})


class Migration(migrations.Migration):
    dependencies = [("voices", "0004_people_keep_their_voices")]

    operations = [
        migrations.RunSQL(
            CELLS.format(withdrawn="AND v.withdrawn_at IS NULL"),
            CELLS.format(withdrawn=""),
        ),
        migrations.RunPython(add_limits, migrations.RunPython.noop),
    ]
