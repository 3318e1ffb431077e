from django.db import migrations

# An asterisk stands for any ending of a word. Disguised spellings of the vulgar words,
# such as "f*ck", are found without being listed.
WORDS = {
    "vulgar": """
        a-hole, a-holes, all pigs, are animals, are cockroaches, are pigs, are savages,
        arse, arsehole*, arses, ass, asses, asshat*, asshole*, asswipe*,
        back where they came from, bastard*, beaner*, bitch*, blacks are, blow job*,
        blowjob*, bollocks, boobs, bootlicker*, bullshit*, burn in hell, butthole*,
        cabron*, camel jockey*, chickenshit*, chinaman, chinga*, chink, chinks,
        circle jerk, clusterfuck*, cockroaches, cocksuck*, crackhead*, culero*,
        cumstain*, cunt*, darkie*, degenerates, dickhead*, dickwad*, dipshit*, dirtbag*,
        dirty pig*, douche*, dumb pig*, dumbass*, dumbfuck*, dyke, dykes, eat shit,
        f off, f them, f you, fag, faggot*, fags, fat pig*, fatass*, fcuk*, feminazi*,
        filthy pig*, fuck*, fuk, fuking, gays are, ghetto trash, go back to africa,
        go back to mexico, go back to your country, go back where, go to hell, goddamn*,
        gook, gooks, groomers, gtfo, heil hitler, homos, horseshit*, human garbage,
        human trash, imbecile*, immigrants are, inbred*, inferior race, jackass*,
        jerk off, jerkoff*, jews control, jizz, kike, kikes, kiss my ass, libtard*,
        lowlife*, maricon*, master race, merde, mexicans are, mierda, mofo*, mongoloid*,
        moron, morons, motherfuck*, muslims are, nazi scum, nigga*, nigger*, numbnuts,
        paki, pakis, pansies, pendej*, piece of crap, piece of trash, pieces of crap,
        pieces of trash, pigs in blue, pigs with badges, pinche*, piss off, pissant*,
        porch monkey*, prick, pricks, pussies, pussy, puta, putain, putas, puto*,
        race traitor*, raghead*, redskin*, repugs, retard, retarded, retards,
        rot in hell, sand monkey*, scheisse, screw that, screw the, screw them,
        screw this, screw you, scum, scumbag*, scummy, shit*, shithead*, shyster*,
        skank*, sleazebag*, slut*, sodomite*, son of a bitch, sonofabitch*, spic, spics,
        stfu, subhuman*, suck my, suck our, swine, the jews, the pigs, these pigs,
        those pigs, tits, towelhead*, trannies, tranny, turd, turds, twat*, vermin,
        wanker, wankers, wetback*, white power, white trash, whore*, wop, wops,
        you animals, you idiots
    """,
    "threat": """
        a bullet with your name, accidents can happen, accidents happen,
        an armed uprising, armed and ready to, be a shame if, better sleep lightly,
        better watch out, blood in the streets, blood on the streets, blood will flow,
        blood will run, blow your, body bag*, bring back the guillotine*,
        bring the rope, bring your guns, bullet in his head, bullet in their heads,
        bullet in your, civil war is coming, coming for you, cut your throat,
        day of the rope, dead cops, dead man walking, death to all, drop dead,
        eye for an eye, find out where he lives, find out where she lives,
        find out where they live, find out where you live, get a rope, get the rope,
        get what's coming, go die, go down shooting, hang from a tree, hang yourself,
        heads on pikes, heads on spikes, heads will roll, hunt them down, hunt you down,
        i have a gun and, i know where he lives, i know where she lives,
        i know where they live, i know where you live, in a pine box, kill yourself,
        know where you sleep, know where your family, know where your kids,
        know your address, kys, lamp post*, lamppost*, lock and load, lynch mob for,
        meet your maker, next one is yours, noose around, nooses are ready,
        only good cop is a dead, open season on, pay in blood, pay with his life,
        pay with their lives, pay with your life, payback is coming, rivers of blood,
        second amendment remed*, second amendment solution*, see you in the crosshairs,
        shoot back, six feet under, sleep with one eye open, slit their, slit your,
        somebody is going to get hurt, someone's going to get hurt,
        something bad will happen, start shooting back, take up arms, take you out,
        tar and feather*, their days are numbered, there will be blood,
        there will be bodies, tie a noose, time for blood, time for bullets,
        time to take up arms, watch his back, watch their backs, watch your back,
        we know where he lives, we know where she lives, we know where they live,
        we know where you live, what's coming to you, you are dead, you are next,
        you will pay for this, you will regret, you'll regret, you're dead, you're next,
        your days are numbered, your family is next
    """,
    "campaigning": """
        another term, asking for your vote, ballot measure committee,
        campaign donation*, campaign rally, cast your ballot for, cast your vote for,
        chip in to elect, democrats will win, deserves your vote,
        donate to her campaign, donate to his campaign, donate to my campaign,
        donate to our campaign, donate to the campaign, early voting,
        early voting starts, earn your vote, earned my vote, elect our, election day,
        endorsed by the, flip the house, flip the senate, fundraiser for,
        get out the vote for, gets my vote, has earned your vote, has my vote,
        her candidacy, his candidacy, i ask for your vote, i endorse, in the primary,
        is the candidate, is the only candidate, join her campaign, join his campaign,
        join my campaign, join our party, keep america great, knock doors for,
        lawn sign*, make america great again, my campaign for, my candidacy,
        my opponent, on the ballot this, on the november ballot, on your ballot,
        our endorsed candidate, paid for by, phone bank*, polls close, polls open,
        proud to endorse, put her in office, put him in office, re-elect, reelect,
        remember in november, republicans will win, running for re-election,
        running for reelection, running mate, second term, send her to congress,
        send her to washington, send him to congress, send him to washington,
        stump speech, support my campaign, take back the house, take back the senate,
        team blue, team red, the only party that, this november vote,
        volunteer for her campaign, volunteer for his campaign,
        volunteer for my campaign, volunteer for the campaign, vote blue,
        vote democrat*, vote for me, vote green, vote her in, vote him in,
        vote in november, vote libertarian, vote no on measure, vote red,
        vote republican, vote straight ticket, vote third party, vote this november,
        win in november, write in, yard sign*, your next governor, your next mayor,
        your next sheriff, your vote for me
    """,
    "off-topic": """
        401k, 5g, abortion*, airline*, android, astrology, asylum seeker*, auto repair,
        backlink*, bake sale, barking dog*, baseball, basketball, best price*,
        bible study, bigfoot, bike lane*, birdwatching, bitcoin*, border wall,
        broadband, burger*, bus route*, bus stop*, buy now, cable bill, cable company,
        cafeteria, call now, cannabis, car insurance, carbon tax, cashback, casino*,
        cat, cbd oil, cell phone plan, chain letter, chakra*, check out my, chemtrail*,
        chicken recipe*, click here, click the link, climate change, coupon*, covid,
        coyote*, credit score*, crypto*, cure for, customer service, daily deals,
        dating site*, daylight saving*, dealership*, deep state, diet pill*, discount*,
        dm me, dog park, dogecoin, download the app, drag queen*, earn money,
        electoral college, electric bill, electric car*, essay writing, essential oil*,
        ethereum, facebook page, flat earth, fluoride, follow me, followers,
        football team, for rent, for sale, foreign aid, forex, fortnite,
        forward this to, fracking, free estimate*, free gift card*, free quote*,
        free shipping, free trial, furniture, garage sale*, garbage, gardening,
        gas prices, gay marriage, gaza, geese, gerrymander*, giveaway*, global warming,
        gluten, golf, goose, graduation, grocery prices, guaranteed returns,
        gun control, gun rights, gym membership*, hair loss, hair salon, handbag*,
        happy birthday, health insurance, hockey, home loan*, homecoming,
        homeowners association, homework, horoscope*, hospital bill*, hotel*, hvac,
        illuminati, immigration, inflation is, instagram, insurance compan*,
        insurance quote*, internet provider, investing, investment opportunity,
        investor*, iphone, israel, ivermectin, job opening*, keto*, kitchen remodel*,
        kitten*, knitting, landlord*, laptop*, lawn care, leaf blower*, library hours,
        limited offer, limited time offer, link in bio, lockdown*, lose weight,
        lost and found, lost cat, lost dog, lottery, luggage, make money, makeup,
        marijuana, mask mandate*, mattress*, meal plan*, mechanic, medical bills,
        medicare, meditation, merry christmas, minecraft, minimum wage, miracle cure,
        moon landing, mortgage*, mosquito*, movie*, my channel, my etsy, my new album,
        my new book, my podcast, my refund, my rent, natural cure, nba, netflix, nfl,
        nft, nfts, noise complaint*, nuclear power, oil change, onlyfans, order now,
        palestine, parking meter*, passive income, password*, payday loan*, percent off,
        perfume, pickleball, pizza, playground*, playoff*, playstation, plumber*,
        plumbing, poker, pothole, potholes, power outage*, pro-choice, pro-life,
        promo code*, pronouns, property tax*, psychic*, puppies, puppy, pyramid scheme*,
        qanon, quarterback*, raccoon*, real estate agent, realtor, recipe*, recycling,
        refinanc*, register now, rent control, reptilian*, restaurant*, reunion,
        roofing, roommate*, sale ends, same-sex marriage, school bus*, school lunch*,
        screen time, season tickets, second amendment, seo, side hustle*, sidewalk*,
        sign up now, skin care, sneakers, snow plow*, soccer, soccer team,
        social security checks, solar panels, soros, speed bumps, spell caster*,
        sports betting, squirrel*, stock market, stray dog*, street light*,
        streetlight*, student debt, student loan*, subscribe to, super bowl,
        supplements, swimming pool, tariffs, tarot, taylor swift, telegram, tesla,
        testosterone, the moon landing, tik tok, tiktok, time share*, timeshare*,
        tomato*, traffic light*, transgender, trash pickup, ufo*, ukraine, used car*,
        vacation*, vaccin*, vaping, vegan*, viagra, video game*, visit my, wait times,
        wallpaper, warranty, water bill, we are hiring, web design, wedding*,
        weekly newsletter, weight loss, whatsapp, wifi, wind turbine*, work from home,
        world cup, xbox, yoga, youtube channel, zodiac, zoning
    """,
}
# The kinds of flags that leads can turn off.
KINDS = """
    phone email street-address case-number id-number license-plate badge-number
    birth-date threat accusation vulgar campaigning off-topic other-language gibberish
    link all-capitals watched-word titled-name many-marks mixed-alphabets like-staff
"""


def add(apps, schema_editor):
    word = apps.get_model("voices", "WatchedWord")
    for kind, listed in WORDS.items():
        for words in listed.split(","):
            word.objects.get_or_create(words=" ".join(words.split()), kind=kind)
    rule = apps.get_model("voices", "FlagRule")
    for kind in KINDS.split():
        rule.objects.get_or_create(kind=kind)


def remove(apps, schema_editor):
    """Remove the words of the new lists, which would become watched words."""
    word = apps.get_model("voices", "WatchedWord")
    word.objects.exclude(kind="watched-word").delete()


class Migration(migrations.Migration):
    dependencies = [("voices", "0006_words_in_each_list")]

    operations = [migrations.RunPython(add, remove)]
