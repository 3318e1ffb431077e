import re

from django.db import connection
from django.db.utils import IntegrityError
from django.test import TestCase
from django.utils import timezone

from tests.committed import rows
from tests.factories import make_edition

LOGS = [
    *("accounts_accountevent", "voices_addresssearch", "voices_decision"),
    *("voices_invalidation", "voices_monthfigure", "voices_petition"),
    "voices_reveal",
]
PAGES = [
    *("faq_case", "faq_chart", "faq_page", "faq_question", "faq_timelineentry"),
    *("rankings_assessment", "rankings_citation", "rankings_edition"),
    *("voices_flagrule", "voices_monthfigure", "voices_petition", "voices_reason"),
    *("voices_tag", "voices_watchedword"),
]
TEXTS = PAGES[:5]
CHANGE = "DELETE INSERT UPDATE"
BEFORE_CHANGES = ("BEFORE", "DELETE UPDATE", "ROW", False)
# Table, name, timing, events, level, and whether it has a condition.
TRIGGERS = {
    *((log, "append_only", *BEFORE_CHANGES) for log in LOGS),
    *(
        (
            page,
            "pages_change",
            "AFTER",
            "DELETE INSERT TRUNCATE UPDATE",
            "STATEMENT",
            False,
        )
        for page in PAGES
    ),
    *(
        (text, "public_words_go", "AFTER", "DELETE UPDATE", "ROW", True)
        for text in TEXTS
    ),
    (
        "voices_petition",
        "petition_change",
        "AFTER",
        "DELETE INSERT TRUNCATE UPDATE",
        "STATEMENT",
        False,
    ),
    (
        "auth_user",
        "staff_names_change",
        "AFTER",
        "DELETE INSERT UPDATE OF username, email, first_name, last_name, is_staff",
        "STATEMENT",
        False,
    ),
    ("faq_case", "card_changes", "AFTER", "UPDATE", "ROW", True),
    ("faq_case", "card_goes", "AFTER", "DELETE", "ROW", False),
    (
        "rankings_assessment",
        "published_keeps_its_facts",
        "BEFORE",
        CHANGE,
        "ROW",
        False,
    ),
    ("rankings_citation", "published_keeps_its_words", "BEFORE", "UPDATE", "ROW", True),
    (
        "rankings_citation",
        "published_keeps_its_list",
        "BEFORE",
        "DELETE INSERT",
        "ROW",
        False,
    ),
    ("rankings_edition", "published_keeps_its_date", "BEFORE", "UPDATE", "ROW", True),
    ("rankings_edition", "published_is_not_deleted", "BEFORE", "DELETE", "ROW", True),
    *(
        (f"voices_{table}", name, "AFTER", CHANGE, "ROW", False)
        for table, name in (
            ("voice", "tally"),
            ("signature", "tally"),
            ("signature", "day_tally"),
        )
    ),
    ("voices_appeal", "appeal_of_a_decline", "BEFORE", "INSERT", "ROW", False),
    ("voices_decision", "another_answers", "BEFORE", "INSERT", "ROW", False),
    ("voices_correction", "corrected_at", "AFTER", CHANGE, "ROW", False),
    ("voices_voice", "pages_gain_it", "AFTER", "INSERT", "ROW", True),
    ("voices_voice", "pages_gain_it_later", "AFTER", "UPDATE", "ROW", True),
    ("voices_voice", "pages_change", "AFTER", "UPDATE", "ROW", True),
    ("voices_voice", "pages_lose_it", "AFTER", "DELETE TRUNCATE", "STATEMENT", False),
    ("voices_voice", "public_words_change", "AFTER", "UPDATE", "ROW", True),
    ("voices_voice", "public_words_go", "AFTER", "DELETE", "ROW", True),
    ("voices_voice", "proposed_edits_end", "AFTER", "UPDATE", "ROW", True),
    *(
        (f"voices_{table}", "deleted_tally", "AFTER", "DELETE", "ROW", False)
        for table in ("appeal", "signature", "submission")
    ),
    ("voices_voice", "open_readings_end", "AFTER", "UPDATE", "ROW", True),
    ("voices_reading", "first_read_at", "AFTER", CHANGE, "ROW", False),
}
ASK = """
    SELECT relname, tgname, tgdeferrable,
        pg_get_triggerdef(pg_trigger.oid) AS definition
    FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE NOT tgisinternal AND relname !~ '^procrastinate'
"""
DEFINITION = re.compile(
    r"CREATE TRIGGER \S+ (BEFORE|AFTER) (.+?) ON \S+ FOR EACH (ROW|STATEMENT)( WHEN)?"
)


def read(row):
    when, events, level, condition = DEFINITION.match(row["definition"]).groups()
    name = re.fullmatch(r"pgtrigger_(\w+)_[0-9a-f]{5}", row["tgname"])[1]
    events = " ".join(sorted(events.split(" OR ")))
    return row["relname"], name, when, events, level, bool(condition)


class TriggerTests(TestCase):
    def test_the_database_has_these_triggers_and_no_others(self):
        found = rows(ASK)

        self.assertEqual({read(row) for row in found}, TRIGGERS)
        self.assertEqual(len(found), len(TRIGGERS))
        self.assertFalse([row for row in found if row["tgdeferrable"]])

    def test_no_setting_of_a_session_skips_one(self):
        make_edition(published_at=timezone.now())
        names = ",".join(row["tgname"] for row in rows(ASK))

        with (
            self.assertRaisesMessage(IntegrityError, "A published edition"),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                "SELECT set_config('pgtrigger.ignore', %s, true)", [f"{{{names}}}"]
            )
            cursor.execute("DELETE FROM rankings_edition")

    def test_triggers_do_not_ask_whether_to_be_skipped(self):
        functions = rows(
            "SELECT prosrc FROM pg_proc WHERE proname LIKE 'pgtrigger%%' "
            "AND prosrc LIKE '%%ignore%%'"
        )

        self.assertEqual(functions, [])
