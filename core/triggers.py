"""Triggers that models declare in `Meta.triggers` and migrations install.

By default, a trigger that django-pgtrigger installs checks the setting
`pgtrigger.ignore`, with which any session can skip it. Our triggers must always run, so
they are installed without that check.
"""

from functools import reduce
from operator import or_
from typing import Any

import pgtrigger
from django.db import models
from pgtrigger import compiler

from core.public import Content

# Web processes LISTEN on this channel. A notification names a kind of content, and the
# processes drop their cached pages that show such content (operations/warm.py). If SOON
# follows the name, content was only added, so the processes may keep serving each of
# these pages until it is two seconds old.
CHANNEL = "pages"
SOON = " soon"
# The task that purges the HTTP cache in front of the site (operations/purge.py). It
# runs a second time, for pages that were being rendered during the first purge.
PURGE = "operations.purge"
PURGE_QUEUE = "pages"
PURGE_AGAIN_SECONDS = 5

# Queue the purge once per transaction, no matter how many rows the transaction changes.
QUEUE_PURGE = f"""
    IF current_setting('aaqi.purge', true)
        IS DISTINCT FROM pg_current_xact_id()::text
    THEN
        PERFORM set_config('aaqi.purge', pg_current_xact_id()::text, true);
        PERFORM procrastinate_defer_jobs_v1(array_agg(ROW(
            '{PURGE_QUEUE}', '{PURGE}', 20, NULL, NULL, '{{}}', at
        )::procrastinate_job_to_defer_v1))
        FROM unnest(
            ARRAY[NULL, now() + interval '{PURGE_AGAIN_SECONDS} seconds']
        ) AS at;
    END IF;
    RETURN NULL;
"""


def notify(content: Content, *, soon: bool = False) -> str:
    """Return the SQL that notifies web processes of a change once it is committed."""
    return f"NOTIFY {CHANNEL}, '{content}{SOON if soon else ''}';"


def changes(*fields: str) -> pgtrigger.Q:
    """Return the trigger condition that an UPDATE changes any of these fields."""
    return reduce(
        or_,
        (
            pgtrigger.Q(**{f"old__{field}__df": pgtrigger.F(f"new__{field}")})
            for field in fields
        ),
    )


class TriggerSql(compiler.UpsertTriggerSql):
    """The SQL that installs a trigger; migrations store the arguments of this class."""

    def get_template(self) -> str:
        return """
            CREATE OR REPLACE FUNCTION {pgid}() RETURNS trigger AS $$
                {declare}
                BEGIN
                    {func}
                END;
            $$ LANGUAGE plpgsql;
            DROP TRIGGER IF EXISTS {pgid} ON {table};
            CREATE TRIGGER {pgid}
                {when} {operation} ON {table}
                FOR EACH {level} {condition}
                EXECUTE FUNCTION {execute};
            COMMENT ON TRIGGER {pgid} ON {table} IS '{hash}';
        """


class Trigger(pgtrigger.Trigger):
    """A trigger that the setting `pgtrigger.ignore` can't skip."""

    def compile(self, model: models.Model) -> compiler.Trigger:
        if self.timing or self.referencing:
            raise NotImplementedError("TriggerSql has no timing or transition tables.")
        return compiler.Trigger(
            name=self.name,
            sql=TriggerSql(
                pgid=self.get_pgid(model),
                declare=self.render_declare(model),
                func=self.render_func(model),
                table=model._meta.db_table,
                when=self.when,
                operation=self.operation,
                level=self.level,
                condition=self.render_condition(model),
            ),
        )


class AppendOnly(Trigger):
    """Blocks UPDATE and DELETE on a log table, for every database role."""

    when = pgtrigger.Before
    operation = pgtrigger.Update | pgtrigger.Delete

    def __init__(self, *, log: str):
        message = f"The log of {log} is only ever added to."
        super().__init__(name="append_only", func=f"RAISE EXCEPTION '{message}';")


class PagesChange(Trigger):
    """Notifies web processes that pages with this content may have changed.

    Set `soon` if the trigger fires only when content is added, such as a newly
    published voice. Then web processes may keep serving a cached page that lacks the
    new content until the page is two seconds old.
    """

    level = pgtrigger.Statement
    when = pgtrigger.After
    operation = (
        pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete | pgtrigger.Truncate
    )

    def __init__(
        self,
        content: Content,
        *,
        name: str = "pages_change",
        soon: bool = False,
        **options: Any,
    ):
        func = f"{notify(content, soon=soon)} RETURN NULL;"
        super().__init__(name=name, func=func, **options)


class PublicWordsGo(Trigger):
    """Queues a purge of the HTTP cache in front of the site.

    Use this trigger for changes that edit or remove public text. A PagesChange on the
    same model notifies web processes of these changes.
    """

    when = pgtrigger.After
    func = QUEUE_PURGE
