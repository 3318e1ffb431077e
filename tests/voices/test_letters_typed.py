"""Emails to unconfirmed addresses never repeat user input."""

from django import forms
from django.db import models
from django.test import TestCase
from django.utils import timezone

from core import addresses
from tests.factories import (
    make_reason,
    make_signature,
    make_staff,
    make_submission,
    make_voice,
    propose_edit,
)
from tests.voices.test_letters import parts
from voices.letters.compose import compose
from voices.managing.forms import AskForm, NewAddressForm, VoiceForm
from voices.models import (
    AddressChange,
    Decision,
    Letter,
    Signature,
    Submission,
    Update,
    Voice,
)
from voices.signing.forms import CorrectForm, SignForm

# Random and part of links; chosen from a list; our own wordings, from the form.
NOT_TYPED = {
    *("ref", "lane", "consent_version", "consent_text"),
    *("privacy_version", "privacy_text"),
}
ABOUT_FORMS = {
    *(Letter.Kind.CONFIRM, Letter.Kind.REMINDER, Letter.Kind.ALREADY_SIGNED),
}
# The voice's fields that each letter requires.
VOICE_STATES = {
    Letter.Kind.PUBLISHED: {"published_at": timezone.now()},
    Letter.Kind.DECLINED: {"declined_at": timezone.now()},
    Letter.Kind.TAKEN_DOWN: {
        "published_at": timezone.now(),
        "taken_down_at": timezone.now(),
    },
    Letter.Kind.CHANGES_ASKED: {"changes_asked_at": timezone.now()},
    Letter.Kind.CORRECTION_DECLINED: {"published_at": timezone.now()},
}


def text_fields(model):
    return [
        field
        for field in model._meta.concrete_fields
        if isinstance(field, models.CharField | models.TextField)
        and not field.choices
        and not getattr(field, "generated", False)
        and field.name not in NOT_TYPED
    ]


def marked(model, letter):
    """Return a unique value for each text field of `model`."""
    values = {}
    for number, field in enumerate(text_fields(model)):
        value = f"{letter}z{number:02}q"
        if isinstance(field, models.EmailField):
            value = f"{value}@example.com"
        values[field.name] = value[: field.max_length]
    return values


def everything(message):
    """The subject, headers, and both parts of an email, except for the To header."""
    headers = [f"{name}: {value}" for name, value in message.message().items()]
    kept = [header for header in headers if not header.startswith("To: ")]
    return "\n".join([message.subject, *kept, *parts(message)])


class TypedTextTests(TestCase):
    def make_letter(self, kind, *, email="known@example.com"):
        """A letter of this kind, about rows with unique values."""
        voice = make_voice(
            **{
                **marked(Voice, "v"),
                "reason": make_reason(),
                "changes_asked": "",
                **VOICE_STATES.get(kind, {}),
            }
        )
        self.signature = make_signature(
            **{**marked(Signature, "s"), "email": "known@example.com"}
            | {"email_key": "known@example.com", "updates": True, "voice": voice}
        )
        if kind == Letter.Kind.CORRECTION_DECLINED:
            decision = Decision.objects.create(
                voice=voice, kind=kind, by=make_staff(f"by{voice.pk}")
            )
            voice.corrections.create(words=marked(Voice, "k"), decision=decision)
        if kind == Letter.Kind.REVERSED:
            self.reverse_decision(voice)
        if kind == Letter.Kind.EDIT_PROPOSED:
            propose_edit(voice, make_staff(f"by{voice.pk}"), statement="Shorter.")
        change = AddressChange.objects.create(
            **marked(AddressChange, "c"), signature=self.signature
        )
        self.submission = make_submission(
            **{**marked(Submission, "f"), "email": email, "email_key": email}
        )
        about = {"signature": self.signature}
        if kind in ABOUT_FORMS:
            about["submission"] = self.submission
        if kind == Letter.Kind.NEW_ADDRESS:
            about["address_change"] = change
        if kind == Letter.Kind.UPDATE:
            about["update"] = Update.objects.create(subject="News", body="It passed.")
        return Letter.objects.create(
            kind=kind, address_hash=addresses.keyed_hash("known@example.com"), **about
        )

    def reverse_decision(self, voice):
        """Undo a decision that the author was told about."""
        by = make_staff(f"by{voice.pk}")
        published = Decision.objects.create(voice=voice, kind="published", by=by)
        Letter.objects.create(
            kind=Letter.Kind.PUBLISHED,
            signature=self.signature,
            address_hash=self.signature.address_hash,
            sent_at=timezone.now(),
        )
        Decision.objects.create(voice=voice, kind="undone", undoes=published, by=by)

    def assert_holds_nothing_of(self, text, *models_and_letters):
        for model, letter in models_and_letters:
            for name, value in marked(model, letter).items():
                self.assertNotIn(value, text, f"{model.__name__}.{name}")

    def test_every_text_that_a_form_takes_is_marked(self):
        names = {
            field.name
            for model in (Submission, Signature, Voice, AddressChange)
            for field in text_fields(model)
        }
        for form in (
            SignForm(),
            CorrectForm(),
            AskForm(),
            NewAddressForm(),
            VoiceForm(signature=make_signature()),
        ):
            for name, field in form.fields.items():
                # The honeypot and stamp are checked and never stored.
                is_text = isinstance(field, forms.CharField)
                if is_text and not isinstance(field, forms.ChoiceField):
                    self.assertIn(name, names)

    def test_no_letter_to_an_unconfirmed_address_repeats_input(self):
        unconfirmed = []
        for kind in Letter.Kind:
            with self.subTest(kind=kind):
                Signature.objects.all().delete()
                letter = self.make_letter(kind, email="new@example.com")
                message = compose(letter)

                self.assertIsNotNone(message, "Add this kind of letter to make_letter.")
                if message.to == ["known@example.com"]:
                    continue
                unconfirmed.append(kind)
                text = everything(message)
                self.assert_holds_nothing_of(
                    text,
                    (Submission, "f"),
                    (Signature, "s"),
                    (Voice, "v"),
                    (AddressChange, "c"),
                )
                self.assertNotIn("/voices/manage/", text)
                self.assertNotIn("new@example.com", text)
        self.assertEqual(
            unconfirmed,
            [Letter.Kind.CONFIRM, Letter.Kind.REMINDER, Letter.Kind.NEW_ADDRESS],
        )

    def test_no_letter_about_a_form_repeats_its_input_to_a_signer(self):
        letter = self.make_letter(Letter.Kind.ALREADY_SIGNED)

        message = compose(letter)

        self.assertEqual(message.to, ["known@example.com"])
        self.assertEqual(message.subject, "You have already signed")
        self.assert_holds_nothing_of(everything(message), (Submission, "f"))

    def test_no_letter_greets_by_name(self):
        make_staff()
        for kind in Letter.Kind:
            with self.subTest(kind=kind):
                Signature.objects.all().delete()
                for part in parts(compose(self.make_letter(kind))):
                    self.assertRegex(part, r"Hello[,.]")
