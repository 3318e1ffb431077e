import socket
from urllib.parse import urlsplit

from django.conf import settings

from tests.committed import CommittedTestCase
from tests.served import gunicorn

MAX_LENGTH = settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def send(url, *lines):
    """Send the request headers and one byte of the body; return the response headers.

    Raises TimeoutError if the connection is not closed after the response.
    """
    host, port = urlsplit(url).hostname, urlsplit(url).port
    head = ["POST /voices/add/ HTTP/1.1", f"Host: {host}:{port}", *lines, "", "x"]
    with socket.create_connection((host, port), timeout=4) as connection:
        connection.sendall("\r\n".join(head).encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    return answer.decode().partition("\r\n\r\n")[0]


class UnreadBodyTests(CommittedTestCase):
    def test_a_413_closes_its_connection_without_waiting_for_the_body(self):
        with gunicorn() as url:
            for length in (MAX_LENGTH + 1, 10 * MAX_LENGTH):
                head = send(url, f"Content-Length: {length}")

                self.assertTrue(head.startswith("HTTP/1.1 413 "), head)
                self.assertIn("Connection: close", head)

    def test_an_unread_chunked_body_closes_it_too(self):
        with gunicorn() as url:
            head = send(url, "Transfer-Encoding: chunked")

        self.assertIn("Connection: close", head)
