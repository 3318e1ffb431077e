from wsgiref.util import setup_testing_defaults

from django.test import SimpleTestCase

from aaqi.wsgi import application


def ask(content_type):
    """Return the status and page that gunicorn would send."""
    environ = {"HTTP_HOST": "localhost", "QUERY_STRING": "q=a"}
    environ |= {"PATH_INFO": "/none/", "CONTENT_TYPE": content_type}
    setup_testing_defaults(environ)
    told = []
    response = application(environ, lambda status, headers: told.append(status))
    response.close()
    return told[0], b"".join(response).decode()


class ContentTypeTests(SimpleTestCase):
    def test_invalid_content_types_are_refused_with_a_page(self):
        for content_type in (
            *(f"text/plain;charset={codec}" for codec in ("hex", "rot13", "zlib")),
            "text/plain;charset=undefined",
            "text/plain;charset=latin-1",
            "text/plain; charset*=foo''x",
            "text/plain; a*1=x; a*=b",
        ):
            with self.subTest(content_type):
                status, page = ask(content_type)

                self.assertEqual(status, "400 Bad Request")
                self.assertIn("</html>", page)

    def test_other_content_types_are_accepted(self):
        for content_type in ("", "text/plain", "text/plain; charset=UTF-8", ";;=", "x"):
            with self.subTest(content_type):
                self.assertEqual(ask(content_type)[0], "404 Not Found")
