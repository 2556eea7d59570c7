"""Make the synthetic sample of the use case call-analytics: invented calls to a bank, the same file every time.

python tests/template/calls_sample.py > cookiecutter-mlops/use-cases/call-analytics/data/sample.csv
"""

import csv
import io
import random
import re
import sys

FIRST = (
    "Ada Bruno Carla Dario Elena Farid Grace Hugo Ines Jonas Kaori Liam Mina Nadia Omar Paula Quentin Rosa Samir Tilda"
)
LAST = (
    "Abbot Brandt Castillo Dupont Eriksen Ferrari Gruber Hansen Ivanov Jansen Keller Lopez Moreau Novak Okafor Petrov"
)
STREETS = ["Maple Street", "Oak Avenue", "River Road", "Hill Lane", "Station Road", "Park Drive", "Mill Court"]
CITIES = ["Springfield", "Riverton", "Fairview", "Lakewood", "Ashford"]
MOODS = [
    "",
    "",
    "",
    "",
    " this is really annoying",
    " i am not happy about it",
    " please, it is urgent",
    " it is a great bank but",
]

# What callers say, by intent; {slots} are filled in, and some say two things at once.
WISHES = {
    "report_lost_card": ["i lost my card", "my debit card was stolen", "i cannot find my credit card",
                         "somebody took my card yesterday", "i want to report a missing card"],
    "check_balance": ["what is my balance", "how much money do i have",
                      "can you tell me my balance please",
                      "i would like to check my account balance"],
    "transfer_money": ["i want to transfer {amount} to another account", "please send {amount} to {account_number}",
                       "can i move {amount} to my savings", "i need to make a transfer of {amount}"],
    "dispute_charge": ["there is a charge of {amount} that i do not know", "i want to dispute a payment of {amount}",
                       "i was charged {amount} twice", "who took {amount} from my account"],
    "update_address": ["i moved and need to change my address", "please update my address", "i have a new address",
                       "my letters go to an old address"],
    "close_account": ["i want to close my account", "please cancel my account", "how can i close an account with you"],
}  # fmt: skip
ASK = {
    "name": ("may i have your name please", ["my name is {name}", "{name}", "it is {name}", "sure, {name}"]),
    "card_number": ("what are the last digits of your card", ["{card_number}", "it ends with {card_number}"]),
    "account_number": ("could you give me your account number", ["{account_number}", "my account is {account_number}"]),
    "address": ("which address should we use", ["{address}", "it is {address}", "i live at {address} now"]),
}
NEEDS = {"report_lost_card": ["card_number"], "update_address": ["address"], "dispute_charge": ["card_number"],
         "transfer_money": ["account_number"], "check_balance": ["account_number"],
         "close_account": ["card_number"]}  # fmt: skip
HELLO = ["hi", "hello", "good morning", "hello, is somebody there", "hi there"]
YES = ["yes", "yes please", "that is right", "correct", "sure"]
NO = ["no", "no that is all", "nothing else", "no thanks"]
THANKS = ["thank you", "thanks a lot", "great, thank you so much", "thanks for your help"]
BYE = ["bye", "goodbye", "have a nice day", "see you"]
HEADER = ["call", "speaker", "text", "slots", "intents"]


def text(calls: int = 160, seed: int = 0) -> str:
    """The file: a row a turn, an agent's without intents."""
    rng, buffer = random.Random(seed), io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(HEADER)
    for number in range(calls):
        writer.writerows([f"call-{number:04}", *turn] for turn in _call(rng))
    return buffer.getvalue()


def _call(rng: random.Random) -> list[list[str]]:
    wishes = rng.sample(list(WISHES), k=rng.choice([1, 1, 1, 2]))
    turns = [_customer(rng, rng.choice(HELLO), "greeting"), _agent("welcome to the bank, how can i help you")]
    turns += _wish(rng, wishes[:1] if rng.random() < 0.7 else wishes)
    turns += _asked(rng, "name")
    for wish in wishes:
        if wish != wishes[0]:
            turns += _wish(rng, [wish])
        for slot in NEEDS[wish]:
            turns += _asked(rng, slot)
        turns += [_agent("shall i go on and do that"), _customer(rng, rng.choice(YES), "confirm")]
    turns += [_agent("done, is there anything else"), _customer(rng, rng.choice(NO), "reject")]
    turns += [_customer(rng, rng.choice(THANKS), "thanks"), _agent("you are welcome")]
    return [*turns, _customer(rng, rng.choice(BYE), "goodbye")]


def _wish(rng: random.Random, wishes: list[str]) -> list[list[str]]:
    said = " and ".join(rng.choice(WISHES[wish]) for wish in wishes)
    return [_customer(rng, said + rng.choice(MOODS), "|".join(sorted(wishes))), _agent("i see, let me look at that")]


def _asked(rng: random.Random, slot: str) -> list[list[str]]:
    question, replies = ASK[slot]
    return [_agent(question), _customer(rng, rng.choice(replies), "give_details")]


def _agent(said: str) -> list[str]:
    return ["agent", said, "", ""]


def _customer(rng: random.Random, said: str, intents: str) -> list[str]:
    """Fill the slots of a sentence in, and mark each of their words."""
    words, slots = [], []
    for part in re.split(r"(\{\w+\})", said):
        name = part[1:-1] if part.startswith("{") else "O"
        value = part if name == "O" else _value(rng, name)
        words.append(value)
        slots += [name] * len(value.split()) if part.strip(" ,") else []
    spoken = "".join(words)
    spoken = _misheard(rng, spoken) if rng.random() < 0.1 else spoken
    return ["customer", spoken, " ".join(slots), intents]


def _value(rng: random.Random, slot: str) -> str:
    number = "".join(rng.choice("0123456789") for _ in range(12))
    return {
        "name": f"{rng.choice(FIRST.split())} {rng.choice(LAST.split())}",
        "card_number": number[:4],
        "account_number": number[:8],
        "address": f"{rng.randrange(1, 400)} {rng.choice(STREETS)} {rng.choice(CITIES)}",
        "amount": f"${rng.randrange(5, 2500)}",
    }[slot]


def _misheard(rng: random.Random, said: str) -> str:
    """A letter too few, as in a transcript; the words stay as many."""
    place = rng.randrange(len(said))
    alone = " " in (said[place], said[place - 1 : place], said[place + 1 : place + 2]) or len(said) < 4
    return said if alone else said[:place] + said[place + 1 :]


if __name__ == "__main__":
    sys.stdout.write(text())
