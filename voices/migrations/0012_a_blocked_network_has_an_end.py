from datetime import timedelta

from django.db import migrations, models
from django.db.models.functions import Now

import voices.abuse.models

# Django's log named networks and what was said of an error for good; who did what
# to which row stays.
FORGET_NAMES = """
    UPDATE django_admin_log
    SET object_repr = 'No. ' || object_id
    FROM django_content_type
    WHERE django_content_type.id = content_type_id
    AND app_label = 'voices'
    AND model IN ('blockednetwork', 'rankingerror')
"""


class Migration(migrations.Migration):
    dependencies = [
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("voices", "0011_signatures_are_counted_by_day"),
    ]

    operations = [
        migrations.AddField(
            "blockednetwork",
            "until",
            models.DateTimeField(
                default=voices.abuse.models.longest_block,
                db_default=Now() + timedelta(days=90),
            ),
        ),
        migrations.RunSQL(FORGET_NAMES, migrations.RunSQL.noop),
    ]
