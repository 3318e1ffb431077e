from django.db import migrations, models

from core.addresses import fingerprint


def fill(apps, schema_editor):
    signatures = apps.get_model("voices", "Signature").objects.filter(address_hash="")
    for pk, email_key in signatures.values_list("pk", "email_key").iterator():
        signatures.filter(pk=pk).update(address_hash=fingerprint(email_key))


class Migration(migrations.Migration):

    dependencies = [
        ('voices', '0015_forms_choose_a_lane'),
    ]

    operations = [
        migrations.AddField(
            model_name='signature',
            name='address_hash',
            field=models.CharField(blank=True, db_default='', default='', editable=False, max_length=64),
        ),
        migrations.AddIndex(
            model_name='signature',
            index=models.Index(condition=models.Q(('address_hash', ''), _negated=True), fields=['address_hash'], name='signature_address_hash'),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
