from django.db import migrations

from core.folding import sql_function


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.RunSQL(sql_function(), "DROP FUNCTION aaqi_fold(text)"),
    ]
