"""Make the synthetic sample of the use case llm-summarization: invented calls with summaries, the same file every time.

    python -m tests.template.dialogues_sample    # writes the use case's data/sample.jsonl

A call is greeting, wish, questions, what the agent does about it, and goodbye; its summary says who wanted what and how
it ended. Companies, people, numbers and reasons are made up.
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path

CALLS = 140
SAMPLE = Path(__file__).parents[2] / "cookiecutter-mlops/use-cases/llm-summarization/data/sample.jsonl"

AGENTS = ("Ada", "Bruno", "Carla", "Dario", "Elena", "Farid")
CUSTOMERS = ("Grace Abbot", "Hugo Brandt", "Ines Castillo", "Jonas Dupont", "Kaori Eriksen", "Liam Ferrari",
             "Mina Gruber", "Nadia Hansen")  # fmt: skip
COMPANIES = ("Northwind Energy", "Bluebird Mobile", "Harbor Bank", "Meridian Parcel")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
GREETINGS = ("Good morning, {company}, {agent} speaking. How can I help you?",
             "Thank you for calling {company}, my name is {agent}.",
             "{company}, this is {agent}. What can I do for you today?")  # fmt: skip
NAMES = ("Could I have your name, please?", "Who am I speaking with?", "May I take your full name?")
OWN = ("It is {customer}.", "{customer}.", "My name is {customer}.")
CHECKS = ("One moment while I open your file.", "Let me look at that for you.",
          "Bear with me, the system is slow today.")  # fmt: skip
MOODS = ("Honestly, I expected better.", "This is the second time that I call.", "No hurry.",
         "I would be glad of your help.")  # fmt: skip
CLOSINGS = ("Is there anything else?", "Can I do anything else for you?", "Does that settle it?")
THANKS = ("No, that is all, thank you.", "That settles it, thanks.", "No, thanks a lot for your help.")

# Wishes: what a customer says, what the agent asks and does, the customer's word on it, and the end of the summary.
WISHES = {
    "invoice": {
        "says": ("My last invoice is {amount} euros too high.", "I was charged {amount} euros twice.",
                 "There are {amount} euros on my bill that I do not recognise."),
        "asks": ("Which invoice is it?", "When did you receive that bill?"),
        "replies": ("The one of last month.", "It came on {day}."),
        "does": ("I have cancelled that amount; you will see the refund by {day}.",
                 "You are right, that was our mistake. The refund arrives by {day}."),
        "accepts": ("Good, thank you.", "That is fine."),
        "told": "complains about a wrong charge of {amount} euros. {agent} refunds it by {day}.",
    },
    "parcel": {
        "says": ("My parcel has not arrived.", "I am still waiting for my delivery.",
                 "The courier never came with my parcel."),
        "asks": ("Do you have the tracking number?", "Could you read me the number of the order?"),
        "replies": ("It is {number}.", "The number is {number}."),
        "does": ("I see it in our depot. We bring it on {day}.",
                 "It went to the wrong depot; it will be with you on {day}."),
        "accepts": ("I will be at home.", "Please tell the driver to ring."),
        "told": "asks about a parcel that did not arrive. {agent} promises the delivery on {day}.",
    },
    "outage": {
        "says": ("My connection has been down since {day}.", "I have had no signal since {day}.",
                 "Nothing works here since {day}."),
        "asks": ("Have you restarted the router?", "Do the lights blink on the device?"),
        "replies": ("Yes, twice.", "I have tried everything."),
        "does": ("I am sending a technician tomorrow.", "A technician will come tomorrow, free of charge."),
        "accepts": ("Finally, thank you.", "Tomorrow is fine."),
        "told": "reports an outage since {day}. {agent} sends a technician tomorrow.",
    },
    "address": {
        "says": ("I moved and want to change my address.", "Please update my address, I have moved."),
        "asks": ("What is the new address?", "Where do you live now?"),
        "replies": ("It is {house} Maple Street.", "{house} River Road."),
        "does": ("Done, the new address is in your file.", "I have changed it; you get a letter to confirm it."),
        "accepts": ("Perfect.", "That was quick."),
        "told": "wants to change the address after moving. {agent} updates it.",
    },
    "cancel": {
        "says": ("I want to cancel my contract.", "Please close my account.", "I would like to end my contract."),
        "asks": ("May I ask why you are leaving?", "Is there a reason for that?"),
        "replies": ("It is too expensive.", "I found a cheaper offer."),
        "does": ("I could offer you {percent} percent off for a year.",
                 "We would take {percent} percent off if you stay."),
        "accepts": ("All right, then I stay.", "In that case I will stay."),
        "told": "wants to cancel because of the price and stays after {agent} offers {percent} percent off.",
    },
    "card": {
        "says": ("I lost my card on {day}.", "My card was stolen on {day}.", "I cannot find my card since {day}."),
        "asks": ("Do you see payments that you did not make?", "Was it used by somebody else?"),
        "replies": ("No, nothing so far.", "Not that I know of."),
        "does": ("I have blocked it. A new one is on its way.", "It is blocked now, and we are sending you another."),
        "accepts": ("What a relief.", "Thank you, that is good to know."),
        "told": "reports a card lost on {day}. {agent} blocks it and sends a new one.",
    },
}  # fmt: skip


def rows(count: int = CALLS, seed: int = 0) -> Iterator[dict[str, str]]:
    """Calls with the summaries that a person would write after them."""
    chance = random.Random(seed)
    return (_call(chance, f"call-{number:04}") for number in range(count))


def text() -> str:
    return "".join(json.dumps(row) + "\n" for row in rows())


def _call(chance: random.Random, name: str) -> dict[str, str]:
    topic = chance.choice(list(WISHES))
    wish, facts = WISHES[topic], _facts(chance)
    script = [
        ("Agent", GREETINGS), ("Customer", wish["says"]), ("Customer", MOODS), ("Agent", NAMES), ("Customer", OWN),
        ("Agent", CHECKS), ("Agent", wish["asks"]), ("Customer", wish["replies"]), ("Agent", wish["does"]),
        ("Customer", wish["accepts"]), ("Agent", CLOSINGS), ("Customer", THANKS),
    ]  # fmt: skip
    skipped = {MOODS: 0.5, CHECKS: 0.3}
    told = [f"{who}: {chance.choice(said)}" for who, said in script if chance.random() >= skipped.get(said, 0)]
    summary = f"{{customer}} {wish['told']}"
    dialogue = "\n".join(told)
    return {"id": name, "topic": topic, "dialogue": dialogue.format(**facts), "summary": summary.format(**facts)}


def _facts(chance: random.Random) -> dict[str, str]:
    return {
        "agent": chance.choice(AGENTS),
        "customer": chance.choice(CUSTOMERS),
        "company": chance.choice(COMPANIES),
        "day": chance.choice(DAYS),
        "amount": str(chance.randrange(5, 300)),
        "number": str(chance.randrange(10**7, 10**8)),
        "house": str(chance.randrange(1, 200)),
        "percent": chance.choice(("10", "15", "20")),
    }


if __name__ == "__main__":
    SAMPLE.write_text(text(), encoding="utf-8")
