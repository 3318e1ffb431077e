"""The email backend of a local site: one .eml file per message."""

import secrets
from pathlib import Path

from django.core.mail.backends.filebased import EmailBackend
from django.utils import timezone


class EmailFileBackend(EmailBackend):
    """Write each message to `<time>-<random>.eml` in the folder `file_path`."""

    def send_messages(self, email_messages):
        for message in email_messages:
            name = f"{timezone.now():%Y%m%d-%H%M%S-%f}-{secrets.token_hex(3)}"
            # Write to a temporary name, then rename, so that nobody reads half a file.
            draft = Path(self.file_path, f".{name}.part")
            draft.write_bytes(message.message().as_bytes())
            draft.rename(Path(self.file_path, f"{name}.eml"))
        return len(email_messages)
