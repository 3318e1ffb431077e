from base64 import urlsafe_b64encode
from datetime import UTC, datetime

from django.test import SimpleTestCase
from hypothesis import given
from hypothesis import strategies as st

from voices.wall import cursor

moments = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)
ids = st.integers(1, cursor.BIGGEST_ID)
almost = st.from_regex(r"[-0-9٣².]{0,30}\.[-0-9٣².]{0,30}", fullmatch=True).map(
    lambda text: urlsafe_b64encode(text.encode()).decode().rstrip("=")
)


class CursorTests(SimpleTestCase):
    @given(st.builds(cursor.Position, moments, ids, st.booleans()))
    def test_decoding_reverses_encoding(self, position):
        text = cursor.encode(position)

        self.assertEqual(cursor.decode(text), position)
        self.assertRegex(text, r"\A[A-Za-z0-9_-]+\Z")

    @given(
        st.text() | almost | st.binary().map(lambda b: urlsafe_b64encode(b).decode())
    )
    def test_any_text_decodes_or_raises_value_error(self, text):
        try:
            position = cursor.decode(text)
        except ValueError:
            return
        self.assertIsNotNone(position.moment.tzinfo)
        self.assertLessEqual(position.pk, cursor.BIGGEST_ID)

    def test_garbage_is_refused(self):
        for position in (
            "1",
            "1.2.3",
            "1.2.g",
            "1.2.f.f",
            "-1.2",
            "a.b",
            "",
            f"1.{2**63}",
            f"{'9' * 30}.1",
        ):
            text = urlsafe_b64encode(position.encode()).decode()
            with (
                self.subTest(position),
                self.assertRaisesMessage(ValueError, "Not a cursor"),
            ):
                cursor.decode(text)

    def test_a_number_of_thousands_of_digits_is_refused(self):
        for position in (f"{'9' * 5000}.1", f"1.{'9' * 5000}"):
            text = urlsafe_b64encode(position.encode()).decode()
            with self.assertRaises(ValueError):
                cursor.decode(text)
