from email import message_from_bytes, policy
from pathlib import Path
from tempfile import TemporaryDirectory

from django.core.mail import EmailMessage
from django.test import SimpleTestCase

from core.mail import EmailFileBackend


class EmailFileBackendTests(SimpleTestCase):
    def test_each_message_becomes_a_file_that_a_mail_program_opens(self):
        messages = [
            EmailMessage("One", "With “quotes”.", "a@example.com", ["b@example.com"]),
            EmailMessage("Two", "Second.", "a@example.com", ["b@example.com"]),
        ]

        with TemporaryDirectory() as folder:
            sent = EmailFileBackend(file_path=folder).send_messages(messages)

            files = sorted(Path(folder).iterdir())
            read = [
                message_from_bytes(file.read_bytes(), policy=policy.default)
                for file in files
            ]
        self.assertEqual(sent, 2)
        self.assertEqual([file.suffix for file in files], [".eml", ".eml"])
        self.assertEqual([message["Subject"] for message in read], ["One", "Two"])
        self.assertEqual(read[0].get_content().strip(), "With “quotes”.")
