"""Run the worker that sends mail and keeps the site tidy."""

import asyncio

from django.core.management.base import BaseCommand

from aaqi.queue import worker_app


class Command(BaseCommand):
    help = "Do the queued work until stopped by SIGINT or SIGTERM."

    def handle(self, *args, **options):
        with worker_app() as app:
            asyncio.run(self.work(app))

    async def work(self, app):
        async with app.open_async():
            await app.run_worker_async(
                concurrency=2,
                # A job that is done has nothing more to say, and must not keep even
                # the id of somebody who leaves.
                delete_jobs="successful",
                # A mail that is being sent when the site stops gets time to end.
                shutdown_graceful_timeout=25,
            )
