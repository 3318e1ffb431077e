"""Pairs of statements, written by hand before the threshold in rewording.py was set.

REWORDED are copies of one text in which the second writer changed something. APART are
texts by two people that share a slogan, a quotation, or a topic.
"""

REWORDED = [
    # One word.
    (
        "Nobody should be above the law, and that includes the people we pay to "
        "enforce it every single day.",
        "Nobody should be above the law, and that includes the officers we pay to "
        "enforce it every single day.",
    ),
    # A city.
    (
        "I live in Toledo and I want my lawmakers to end qualified immunity so that "
        "families can have their day in court.",
        "I live in Dayton and I want my lawmakers to end qualified immunity so that "
        "families can have their day in court.",
    ),
    # Another relative, and another age.
    (
        "My brother was 19 when a deputy shot him in our driveway. They say that no "
        "jury would ever hear what happened because of qualified immunity.",
        "My cousin was 24 when a deputy shot him in our driveway. They say that no "
        "jury would ever hear what happened because of qualified immunity.",
    ),
    # Capitals, accents, and punctuation besides a few words.
    (
        "José never got an apology from the city. All we ask is that a jury may hear "
        "the case, and that the one who did it has to answer.",
        "JOSE NEVER GOT AN APOLOGY FROM THE COUNTY!! All we ask is: that a jury may "
        "hear the case - and that the man who did it has to answer",
    ),
    # A greeting in front.
    (
        "A right without a remedy is no right at all. Let judges and juries decide "
        "whether an officer broke the Constitution.",
        "Dear Senator, please listen to us. A right without a remedy is no right at "
        "all. Let judges and juries decide whether an officer broke the Constitution.",
    ),
    # A personal sentence behind.
    (
        "When a doctor makes a mistake, the patient can sue. When a trucker makes a "
        "mistake, the family can sue. Police should not be the exception.",
        "When a doctor makes a mistake, the patient can sue. When a trucker makes a "
        "mistake, the family can sue. Police should not be the exception. I have "
        "driven a truck for thirty years.",
    ),
    # A sentence is missing.
    (
        "I served two tours overseas under rules of engagement. If I broke them, I "
        "answered for it. I expect no less from the officers in my own town. "
        "Accountability is not an attack on the good ones.",
        "I served two tours overseas under rules of engagement. If I broke them, I "
        "answered for it. Accountability is not an attack on the good ones.",
    ),
    # Sentences in another order.
    (
        "The video was clear. The judge said it did not matter. No earlier case had "
        "the same facts, so there was no trial. How is that justice?",
        "How is that justice? The video was clear. No earlier case had the same facts, "
        "so there was no trial. The judge said it did not matter.",
    ),
    # Synonyms.
    (
        "Taxpayers already pay for misconduct through settlements nobody gets to read. "
        "Ending qualified immunity would at least let the public see the evidence.",
        "Citizens already pay for misconduct through settlements nobody gets to read. "
        "Ending qualified immunity would at least let people see the proof.",
    ),
    # Contractions.
    (
        "It is not about hating the police. It is about making sure that when someone "
        "with a badge breaks the law, they do not get a free pass.",
        "It's not about hating the police. It is about making sure that when someone "
        "with a badge breaks the law, they don't get a free pass.",
    ),
    # From "we" to "I".
    (
        "We are teachers, and we tell our students every year that the Constitution "
        "protects them. We would like that to be true in a courtroom too.",
        "I am a teacher, and we tell our students every year that the Constitution "
        "protects them. I would like that to be true in a courtroom too.",
    ),
    # Numbers.
    (
        "Seven years later we still have no answers. Seven years of motions and "
        "appeals about a rule that Congress never wrote.",
        "Five years later we still have no answers. Five years of motions and appeals "
        "about a rule that Congress never wrote.",
    ),
    # Typing errors.
    (
        "Congress passed the civil rights act of 1871 so that people could sue "
        "officials who violate their rights. The courts invented an exception.",
        "Congress passed the civil right act of 1871 so that people could sue "
        "officials who violate there rights. The courts invented an exception.",
    ),
    # Filled-in blanks of a template.
    (
        "As a nurse from Columbus, I believe that everyone who holds power over others "
        "must answer for how they use it. Please end qualified immunity in our state.",
        "As a farmer from Mobile, I believe that everyone who holds power over others "
        "must answer for how they use it. Please end qualified immunity in our state.",
    ),
    (
        "As a nurse from Columbus, I believe that everyone who holds power over others "
        "must answer for how they use it. Please end qualified immunity in our state.",
        "As a retired electrician and grandfather from Las Cruces, I believe that "
        "everyone who holds power over others must answer for how they use it. Please "
        "end qualified immunity in our state now.",
    ),
    # Words left out here and there.
    (
        "I am writing because I really believe that a badge should never be a license "
        "to hurt people and then simply walk away from it without any consequences.",
        "I believe that a badge should never be a license to hurt people and then walk "
        "away from it without consequences.",
    ),
    # A longer, rewritten ending.
    (
        "They broke the door of the wrong house at four in the morning and held my "
        "grandmother on the floor. The court said that was not clearly established.",
        "They broke the door of the wrong house at four in the morning and held my "
        "grandmother on the floor. We asked for repairs, and even that was refused.",
    ),
    # Other politeness.
    (
        "Please vote for the bill. Good officers have nothing to fear from a jury, and "
        "bad ones should not be able to hide behind a doctrine.",
        "I urge you to vote for the bill! Good officers have nothing to fear from a "
        "jury, and bad ones should not be able to hide behind some doctrine.",
    ),
    # A quotation mark around a part, and one more adjective.
    (
        "The ruling said the officers could not have known that stealing money during "
        "a search was wrong. My eight year old knows that stealing is wrong.",
        "The ruling said the officers “could not have known” that stealing money "
        "during a police search was wrong. My eight year old knows that stealing is "
        "wrong.",
    ),
    # Plural.
    (
        "A law that protects only the powerful is not a law. It is a privilege, and in "
        "a republic nobody is born with privileges.",
        "Laws that protect only the powerful are not laws. It is a privilege, and in a "
        "republic nobody is born with privileges.",
    ),
    # Commas, and two other words.
    (
        "Our neighbor called for a wellness check, and an hour later she was a widow. "
        "Nobody has ever apologized, and nobody had to testify.",
        "Our neighbor phoned for a wellness check and, an hour later, she was a "
        "widow. Nobody has ever said sorry, and nobody had to testify.",
    ),
    # Both halves touched.
    (
        "I clean courtrooms for a living. I have heard a hundred lawyers say that "
        "justice is blind. I only wish it could at least hear us.",
        "I sweep courtrooms for a living. I have heard a hundred lawyers say that "
        "justice is blind. I just wish it could at least hear us.",
    ),
    # Half of a long text.
    (
        "My son has autism. When he did not answer fast enough, they tackled him. He "
        "has not gone outside alone since. The case was thrown out before anybody had "
        "to explain it to him or to us.",
        "My son has autism. When he did not answer fast enough, they tackled him. He "
        "has not gone outside alone since. I am told that is just how the law works, "
        "and I refuse to accept that.",
    ),
    # Another name.
    (
        "Say his name: Marcus Sample. He called 911 for help and never came home. His "
        "mother deserves a trial, not a form letter.",
        "Say his name: Andre Specimen. He called 911 for help and never came home. His "
        "mother deserves a trial, not a form letter.",
    ),
]

APART = [
    # One slogan of ten words inside different longer texts.
    (
        "I drive a school bus, and every stop is on camera. If I miss a sign, I "
        "am written up. No one is above the law, not even the law, so why is it "
        "different for them?",
        "My sister spent eleven days in a cell for a ticket she had paid. No one is "
        "above the law, not even the law. Tell that to the clerk who laughed at her.",
    ),
    (
        "An injury to one of us is an injury to all, my union taught me. That is why I "
        "signed this, for the kids on my block.",
        "When the mine closed we held together, because an injury to one of us is an "
        "injury to all. A court that won't hear my neighbor won't hear me.",
    ),
    # One sentence of the Constitution.
    (
        "I teach civics. Nor shall any State deprive any person of life, liberty, or "
        "property, without due process of law. My students ask what that is worth if "
        "nobody can be sued over it.",
        "Nor shall any State deprive any person of life, liberty, or property, without "
        "due process of law. They took my van, kept it for a year, and never filed a "
        "paper. I lost my business over it.",
    ),
    # One proverb.
    (
        "Justice delayed is justice denied, as they say, and we have waited nine years "
        "since my uncle died on the floor of the county jail.",
        "Justice delayed is justice denied. I have been a paralegal since 1998, and I "
        "have never seen one of these cases reach a jury.",
    ),
    # The same subject in ordinary words.
    (
        "Qualified immunity should be abolished because it prevents victims of police "
        "misconduct from getting their day in court.",
        "I believe qualified immunity must end because it lets officers avoid any "
        "responsibility when they hurt someone in our community.",
    ),
    (
        "Police officers should be held to the same standard as everyone else. If I "
        "break the law, I go to jail.",
        "Police officers should be held accountable when they break the law, just like "
        "the rest of us would be.",
    ),
    # The same beginning.
    (
        "I am signing this petition because I watched the police drag my pastor out of "
        "his own church over a parking complaint.",
        "I am signing this petition because I believe in small government, and nothing "
        "is bigger than a state that can't be sued.",
    ),
    # The same event, told by two witnesses.
    (
        "I was on the bus on Fifth Street. The officer pulled the driver from his seat "
        "and hit him twice. The driver never raised a hand.",
        "On Fifth Street I saw a bus driver get pulled out and hit by an officer. He "
        "had done nothing. We all gave our numbers, and nobody called.",
    ),
    # The same ending.
    (
        "We buried our daughter on a Tuesday, and by Friday the department had cleared "
        "itself. We just want somebody to be held accountable.",
        "Three of my coworkers have been stopped on the same corner this year. We just "
        "want somebody to be held accountable.",
    ),
    # Thanks with the same formula.
    (
        "Thank you for the work that you are doing. I was a public defender for twelve "
        "years and saw this doctrine swallow case after case.",
        "Thank you for the work that you are doing. My husband wore the badge, and he "
        "always said that an honest cop has no use for immunity.",
    ),
]
