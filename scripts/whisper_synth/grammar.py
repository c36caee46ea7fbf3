"""The closed language of whisper-synth: 358 everyday words and the sentences made of them.

The language is deliberately small enough for a model of two million weights to know by heart, and
deliberately not predictable: one sentence in ten is a bag of unrelated words, so that the
decoder has to listen instead of completing the phrase from its memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random


def words(text: str) -> list[str]:
    return text.split()


def phrases(text: str) -> list[str]:
    return text.split(";")


DETERMINERS = words("the this that our your every another one")
PRONOUNS = words("I we you they he she")
PEOPLE = phrases(
    "the doctor;the teacher;my brother;your sister;the manager;the driver;our team;the child;"
    "the captain;a student;the woman;the man;my friend;the lawyer;everybody;nobody;the writer;"
    "the neighbor"
)
THINGS = words(
    "report window letter music river mountain garden kitchen paper picture question answer "
    "project market machine computer message number dinner coffee ticket camera bridge engine "
    "story table village winter summer station hospital school office building problem plan "
    "budget contract meeting car house road book phone door boat train ship bird dog horse tree "
    "fire stone glass box key map shirt hat"
)
ADJECTIVES = words(
    "old new small large green yellow white black red blue beautiful difficult simple quiet "
    "strong heavy empty broken warm cold clean dark early late final second first third whole "
    "little long short great strange cheap expensive"
)
VERBS = [  # (past, infinitive)
    tuple(pair.split("/"))
    for pair in words(
        "opened/open found/find brought/bring sent/send carried/carry followed/follow "
        "remembered/remember built/build watched/watch sold/sell moved/move painted/paint "
        "wanted/want needed/need liked/like described/describe changed/change closed/close "
        "cleaned/clean read/read checked/check left/leave knew/know used/use showed/show took/take"
    )
]
TIMES = phrases(
    "on Monday;on Tuesday;on Thursday;on Friday;on Sunday;in the morning;in the evening;at night;"
    "after lunch;before dinner;next week;last year;last month;every day;at noon;in April;"
    "in August;in October;yesterday;tomorrow;today;again;right now;twice;in the afternoon"
)
PLACES = phrases(
    "near the river;in the kitchen;at the station;behind the house;under the bridge;on the table;"
    "in the city;outside the office;across the street;at school;in the garden;beside the road;"
    "over the mountain;in London;in Paris;from the north;to the south;at the airport;by the lake"
)
DIGITS = words("two three four five six seven eight nine ten")
NUMBER_WORDS = [
    *DIGITS,
    *words("eleven twelve twenty thirty forty fifty sixty seventy eighty ninety"),
]
NUMBERS = [*NUMBER_WORDS, "one hundred", "five hundred", "three thousand", "two million"]
PLURALS = words(
    "people dollars minutes hours days weeks pages chairs windows horses questions letters "
    "tickets years miles books cars boxes children languages stones flowers birds"
)
ADVERBS = words(
    "quickly slowly carefully quietly always never often suddenly finally usually perhaps still "
    "really almost"
)
CONNECTIVES = phrases("and then;but;because;so;while;and;although")
OPENINGS = phrases(
    "However,;Therefore,;Of course,;In fact,;For example,;Thank you,;Good morning,;Excuse me,;"
    "Well,;Yes,;No,;Please wait,;Meanwhile,;Today,;Sometimes,"
)
STOCK = phrases(
    "Could you say that again?;How much does it cost?;Where is the nearest hospital?;"
    "What time is it?;Why are you late?;That is not true.;It was raining.;Nothing happened.;"
    "Let us begin.;Please sit down.;I agree with you.;I do not understand.;How are you?;"
    "Nice to meet you.;See you tomorrow.;Who is speaking?;When will they arrive?;Are you ready?;"
    "It is too expensive.;We are almost finished."
)


def capitalized(text: str) -> str:
    """Raise the first letter and leave the rest as it is (`str.capitalize` would lower it)."""
    return text[0].upper() + text[1:]


def noun_phrase(rng: Random) -> str:
    adjective = f"{rng.choice(ADJECTIVES)} " if rng.random() < 0.5 else ""
    return f"{rng.choice(DETERMINERS)} {adjective}{rng.choice(THINGS)}"


def subject(rng: Random) -> str:
    return rng.choice(PRONOUNS if rng.random() < 0.4 else PEOPLE)


def clause(rng: Random) -> str:
    past, infinitive = rng.choice(VERBS)
    adverb = f"{rng.choice(ADVERBS)} " if rng.random() < 0.25 else ""
    shape = rng.random()
    if shape < 0.55:
        core = f"{subject(rng)} {adverb}{past} {noun_phrase(rng)}"
    elif shape < 0.70:
        core = f"{subject(rng)} will {adverb}{infinitive} {noun_phrase(rng)}"
    elif shape < 0.80:
        core = f"{subject(rng)} did not {infinitive} {noun_phrase(rng)}"
    elif shape < 0.90:
        core = f"{subject(rng)} {adverb}{past} {rng.choice(NUMBERS)} {rng.choice(PLURALS)}"
    else:
        core = f"there were {rng.choice(NUMBERS)} {rng.choice(PLURALS)}"
    place = f" {rng.choice(PLACES)}" if rng.random() < 0.4 else ""
    time = f" {rng.choice(TIMES)}" if rng.random() < 0.4 else ""
    return core + place + time


def stock_phrase(rng: Random) -> str:
    return rng.choice(STOCK)


def yes_no_question(rng: Random) -> str:
    infinitive = rng.choice(VERBS)[1]
    time = f" {rng.choice(TIMES)}" if rng.random() < 0.5 else ""
    return f"Did {subject(rng)} {infinitive} {noun_phrase(rng)}{time}?"


def dictated_number(rng: Random) -> str:
    digits = " ".join(rng.choice(DIGITS) for _ in range(rng.randint(3, 7)))
    return f"The number is {digits}."


def twin_description(rng: Random) -> str:
    first, second = (f"the {rng.choice(THINGS)} is {rng.choice(ADJECTIVES)}" for _ in range(2))
    return capitalized(f"{first} and {second}.")


def count_question(rng: Random) -> str:
    verb = rng.choice(["are", "were"])
    return f"How many {rng.choice(PLURALS)} {verb} there {rng.choice(PLACES)}?"


def word_salad(rng: Random) -> str:
    shelves: list[Sequence[str]] = [THINGS, ADJECTIVES, PLURALS, NUMBER_WORDS, ADVERBS]
    bag = [rng.choice(rng.choice(shelves)) for _ in range(rng.randint(3, 7))]
    return capitalized(" ".join(bag) + ".")


def compound(rng: Random) -> str:
    return capitalized(f"{clause(rng)} {rng.choice(CONNECTIVES)} {clause(rng)}.")


def opened_clause(rng: Random) -> str:
    return f"{rng.choice(OPENINGS)} {clause(rng)}."


def plain_clause(rng: Random) -> str:
    return capitalized(clause(rng) + ".")


SHAPES: dict[Callable[[Random], str], int] = {  # how many of each in a hundred sentences
    stock_phrase: 7,
    yes_no_question: 8,
    dictated_number: 7,
    twin_description: 8,
    count_question: 6,
    word_salad: 10,
    compound: 16,
    opened_clause: 12,
    plain_clause: 26,
}


def sentence(rng: Random) -> str:
    """One sentence with its capital and its full stop or question mark."""
    (shape,) = rng.choices(list(SHAPES), weights=list(SHAPES.values()))
    return shape(rng)
