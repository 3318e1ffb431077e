"""The rules about what a text says: threats, accusations, campaigns, language."""

from time import process_time

from django.test import SimpleTestCase
from hypothesis import given
from hypothesis import strategies as st

from tests.voices.flag_measure import first_rules
from voices.flags import explain, find, kinds
from voices.flags.rules import Rules

FLAGGED = {
    "threat": [
        "If that judge comes near my boy again I will shoot him where he stands.",
        "Every one of these crooked cops should be hanged in the town square.",
        "We know where you live, Senator.",
        "I hope he gets shot next time he pulls somebody over.",
        "Somebody should burn down that precinct with all of them inside.",
        "You will regret protecting them.",
        "k1ll all cops",
        "Somebody ought to put a bullet in him.",
        "He won't make it home next time.",
        "Let's hang the judge!",
        "The only good trooper is a dead one.",
    ],
    "vulgar": [
        "fuck the police",
        "This is bullsh1t.",
        "These f*cking cowards",
        "f***",
        "Cops are pigs, all of them.",
        "what a bunch of a$$holes",
        "F U C K this",
        "fuuuuck that",
        "Fück it",
        "He called my wife a wetback.",
        "hijos de puta",
    ],
    "campaigning": [
        "Vote for Maria Sample on November 3.",
        "Re-elect Sheriff Bob Sample.",
        "Sample for Congress 2028!",
        "I'm running for city council.",
        "Vote blue no matter who.",
        "Vote out Senator Sample.",
        "Vote every last Democrat out.",
        "She deserves a second term.",
        "Voten por Maria Sample.",
    ],
    "off-topic": [
        "Check out my new crypto coin, guaranteed returns, click here!",
        "Gas prices are way too high and nobody does anything.",
        "We need more bike lanes downtown.",
        "Vaccines are poison, wake up people.",
    ],
    "other-language": [
        "Nadie debe estar por encima de la ley, ni siquiera la policía.",
        "Personne n'est au-dessus de la loi.",
        "Niemand steht über dem Gesetz, auch nicht die Polizei.",
        "没有人可以凌驾于法律之上",
        "Никто не должен быть выше закона.",
        "Không ai được đứng trên luật pháp, kể cả cảnh sát.",
        "Pa gen moun ki anwo lalwa, menm lapolis.",
        "القانون فوق الجميع",
        "Senki sem állhat a törvény felett, sem a rendőrség, sem a bíróságok, soha.",
    ],
    "gibberish": [
        "asdfasdf asdf asdf",
        "lkjhsdf oiuwer nmxcv qpwoe",
        "test test test test test",
        "aaaaaaaaaaaaaa",
        "1234 5678 90",
        ".......",
        "hjfdhjfdk fjdkfjd",
        "Lorem ipsum dolor sit amet",
        "my words my words my words my words",
        "Testing 1 2 3",
        "x7k2p9 q4w8z1",
    ],
    "accusation": [
        "Officer Sample beat my brother until he passed out.",
        "My landlord John Q. Sample stole my deposit and the sheriff laughed.",
        "My nephew was choked by Deputy Alan Sample in his own kitchen.",
        "Judge Sample is corrupt and everybody in the county knows it.",
        "It was Sgt. Maria Doe who planted the drugs in our car.",
        "When Officer Doe arrived, he pointed his gun at my children.",
        "Jane Sample of the housing authority lied under oath about my mother.",
        "The man who shot my dog is Tom Sample.",
        "Everybody knows that crook Tom Sample.",
        "Chief Doe should be in prison.",
    ],
}
NOT_FLAGGED = {
    "threat": [
        "They shot my son in the back and nobody was charged.",
        "An officer told me he would kill me if I moved.",
        "Nobody deserves to die over a broken taillight.",
        "If I shot someone at work I would be in prison. Why not them?",
        "The deputy said I will shoot your dog, and then he did.",
        "We should hang together or we will hang separately.",
        "Kill this doctrine before it kills another family.",
        "We will fight them in court, and we will make them pay damages.",
        "Officers should be fired, charged, and tried like anyone.",
        "They should hang their heads in shame.",
        "I will never shoot at anyone again, said the veteran.",
    ],
    "vulgar": [
        "My name is Dick Cocke, and I assess property in Scunthorpe.",
        "I passed the class on the Constitution with a bass player.",
        "Hell, I am damn tired of this crap.",
        "The pickaxe handle is on the shiitake farm.",
        "On a scale of 1-10 this is a 0! 50% off.",
        "a T-shirt, an e-mail, bad-faith cops, U.S.A., 3*4",
    ],
    "campaigning": [
        "I vote in every election, and I want my vote to count.",
        "I will vote for anyone who ends qualified immunity.",
        "Please vote for H.R. 1470, the Ending Qualified Immunity Act.",
        "Congress should vote for the George Floyd Justice in Policing Act.",
        "I ask my senators to vote against immunity for police.",
        "Vote for Justice!",
        "Politicians running for office love to talk about rights.",
        "That is a job for Congress, not the courts.",
        "In November 2026 it happened again.",
    ],
    "off-topic": [
        "The police raised our gas prices, as it were.",
        "The city raised property taxes to pay for what its officers did.",
        "I could not breathe for two minutes, and I am sixty-one years old.",
        "I am tired. My friends and I have had enough of it, all of it, every day.",
    ],
    "other-language": [
        "My abuela says justicia para todos, and I agree with her.",
        "Qui tacet consentire videtur: silence gives consent.",
        "I live in Los Angeles and my brother is in San Antonio, Texas.",
        "La Crosse, Eau Claire, Fond du Lac, Des Moines: all of us.",
        "Enough!",
        "Москва and Ohio",
    ],
    "gibberish": [
        "Rhythm and Wojciechowski from Albuquerque.",
        "hahahaha sure, they were just doing their job",
        "BLM. ACLU. NAACP. LGBTQ. Enough.",
        "No no no. Never again.",
        "Nguyen Phuc, Schwarzkopf, Szczepanski, and Krzyzewski agree.",
        "It happened in Case 2019CR00123, on I-95.",
        "property, liberty, poetry",
        "See https://example.org/xkcjv/bnqwz or write to hjkl@example.org.",
        "555-010-9999",
    ],
    "accusation": [
        "George Floyd was killed in front of the whole world.",
        "Breonna Taylor was shot in her home.",
        "In Pierson v. Ray the Supreme Court made this up.",
        "The Supreme Court stole our right to sue.",
        "Qualified Immunity destroyed my faith in the law.",
        "The Minneapolis Police Department killed and lied about it.",
        "The Ferris Springs police department buried the video.",
        "Officer Friendly came to our school when I was a kid.",
        "Martin Luther King said injustice is a threat to justice.",
        "The Los Angeles County Sheriff broke into homes.",
        "Thank you, Representative Sample, for your bill.",
        "New York City paid millions because police beat people.",
        "Judge Sample ruled that the officers violated no law.",
        "Officer Sample never lied to us.",
    ],
}
RULES = first_rules()


def of(text, rules=RULES):
    return set(find.found_kinds([text], rules))


class RuleTests(SimpleTestCase):
    def test_flags_what_it_is_about(self):
        for kind, texts in FLAGGED.items():
            for text in texts:
                with self.subTest(kind=kind, text=text):
                    self.assertIn(kind, of(text))

    def test_leaves_what_looks_alike(self):
        self.assertEqual(set(NOT_FLAGGED), set(FLAGGED))
        for kind, texts in NOT_FLAGGED.items():
            for text in texts:
                with self.subTest(kind=kind, text=text):
                    self.assertNotIn(kind, of(text))

    def test_a_kind_that_is_off_is_not_looked_for(self):
        rules = Rules([("vulgar", "fuck*")], off=kinds.LABELS)

        for texts in FLAGGED.values():
            for text in texts:
                self.assertEqual(of(text, rules), set())

    def test_an_asterisk_stands_for_any_ending(self):
        rules = Rules([("vulgar", "idiot*"), ("vulgar", "you* fool")])

        for text in ("idiots", "Idiotic!", "your fool", "YOU, FOOL"):
            self.assertEqual(of(text, rules), {"vulgar"})
        for text in ("an idea", "you are no fool", "foolish"):
            self.assertEqual(of(text, rules), set())

    def test_phrases_ignore_accents_apostrophes_and_punctuation(self):
        rules = Rules([("threat", "you're next"), ("vulgar", "café-rat")])

        self.assertEqual(of("You’re... next", rules), {"threat"})
        self.assertEqual(of("CAFE RAT", rules), {"vulgar"})

    def test_one_flag_of_language_at_a_time(self):
        for kind in ("gibberish", "other-language"):
            for text in FLAGGED[kind]:
                unreadable = {"gibberish", "other-language", "off-topic"} & of(text)

                self.assertEqual(unreadable, {kind}, text)

    @given(st.text())
    def test_any_text_can_be_searched(self, text):
        for hit in find.find(text, RULES):
            self.assertLessEqual(0, hit.start)
            self.assertLess(hit.start, hit.end)
            self.assertLessEqual(hit.end, len(text))

    def test_the_longest_text_takes_no_time(self):
        for part in (
            *(
                "a",
                "I will ",
                "i will very ",
                "vote for ",
                "Aa ",
                "Aa B. ",
                "Officer A",
            ),
            *("f*", "f-", "f ", "la", "they all ", "you will ", "kill ", "de la ", "é"),
            *(
                "every one of the ",
                "who did ",
                "Officer Ab did ",
                "asdf ",
                "ha",
                "@",
                "1a",
            ),
        ):
            text = (part * 600)[:600]
            start = process_time()

            find.find(text, RULES)

            self.assertLess(process_time() - start, 0.5, part)


class ExplainTests(SimpleTestCase):
    def why(self, text, flags=()):
        found = explain.lines(text, find.find(text, RULES), flags)
        return [(each.kind, each.why) for each in found]

    def test_each_line_says_what_was_seen(self):
        for text, kind, why in (
            ("Call me at 555-0142.", "phone", "“555-0142” looks like a phone number."),
            (
                "Officer Sample waved.",
                "titled-name",
                "“Officer Sample” follows a title.",
            ),
            (
                "Officer Sample lied.",
                "accusation",
                "“Officer Sample” is named, with “lied”.",
            ),
            (
                "What a bunch of a$$holes",
                "vulgar",
                "“a$$holes” looks like a disguised vulgar word.",
            ),
            (
                "Niemand steht über dem Gesetz.",
                "other-language",
                "“Niemand steht über dem Gesetz” seems to be German.",
            ),
            ("asdf", "gibberish", "“asdf” doesn’t look like words."),
            (".......", "gibberish", "There are no words."),
            (
                "NOBODY STANDS ABOVE THE LAW",
                "all-capitals",
                "Most letters are capitals.",
            ),
        ):
            with self.subTest(text=text):
                self.assertEqual(self.why(text), [(kind, why)])

    def test_every_kind_has_a_sentence(self):
        found = [kinds.Found(kind, 0, 3) for kind in kinds.LABELS]

        for hit in found:
            for text in ("abc", "abc def"):
                if hit.kind not in {"like-staff", "all-capitals"}:
                    self.assertTrue(explain.why(text, hit).endswith("."), hit.kind)

    def test_details_and_threats_are_hard(self):
        lines = explain.lines(
            text := "Call 555-010-9999. I will shoot him. fuck",
            find.find(text, RULES),
        )

        self.assertEqual(
            {line.label: line.hard for line in lines},
            {"Phone number": True, "Threat": True, "Vulgar or hateful words": False},
        )

    def test_a_phrase_is_told_once_and_the_lines_are_few(self):
        self.assertEqual(len(self.why("fuck fuck, FUCK that")), 1)
        self.assertEqual(
            len(self.why(" ".join(f"See a{n}.org." for n in range(20)))), 8
        )

    def test_a_long_phrase_is_cut(self):
        [(_, why)] = self.why(f"https://example.org/{'a' * 200}")

        self.assertLess(len(why), 100)

    def test_flags_of_other_fields_are_told(self):
        self.assertEqual(
            self.why("Enough.", ["phone", "like-staff"]),
            [
                ("phone", "Seen in another field, or in the correction."),
                ("like-staff", "The name looks like the name of a staff account."),
            ],
        )

    @given(st.text())
    def test_any_text_can_be_explained(self, text):
        for line in explain.lines(text, find.find(text, RULES)):
            self.assertTrue(line.why)
