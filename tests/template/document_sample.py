"""Make the synthetic sample of the document-extraction use case: invented receipts, the same file every time.

    python -m tests.template.document_sample    # writes the use case's data/sample.jsonl

Shops, streets and prices are made up. What makes receipts hard is in them: each shop has a layout, a way to write dates
and a word for its total of its own; there are subtotals, taxes and change; scans are shifted and now and then misread.
"""

import json
import random
from datetime import date, timedelta
from pathlib import Path

DOCUMENTS = 72
SAMPLE = Path(__file__).parents[2] / "cookiecutter-mlops/use-cases/document-extraction/data/sample.jsonl"

FIRST = ("Aurora", "Brisa", "Cedro", "Delta", "Estrella", "Fuente", "Granada", "Horizonte", "Isla", "Jardin")
TRADES = ("Ferreteria", "Libreria", "Panaderia", "Papeleria", "Cafe", "Mercado", "Farmacia", "Optica")
FORMS = ("S.L.", "S.A.", "& Hijos")
STREETS = ("Calle Mayor", "Avenida del Puerto", "Calle San Juan", "Plaza Nueva", "Paseo de la Ermita", "Ronda Norte")
CITIES = ("28013 Madrid", "46001 Valencia", "48005 Bilbao", "08002 Barcelona", "41004 Sevilla", "50003 Zaragoza")
ITEMS = ("Pan integral", "Tornillos 4x40", "Cuaderno A5", "Cafe solo")
ITEMS += ("Jabon neutro", "Cable USB", "Aceite 1 L", "Tiza")
DATES = ("%d/%m/%Y", "%d-%m-%Y", "%Y-%m-%d", "%d.%m.%y", "%d %b %Y")
TOTALS = ("TOTAL", "TOTAL EUR", "Total a pagar", "IMPORTE TOTAL")
OPENINGS = ("Bienvenidos a nuestra tienda", "Factura simplificada", "Copia para el cliente", "Le atiende Marta Ruiz")
NOTES = ("Oferta valida hasta 31/12/2026", "Total puntos 140.00", "Total articulos 3.00")
GREETINGS = ("Gracias por su visita", "Vuelva pronto", "Conserve este ticket")
MISREAD = {"O": "0", "l": "1", "S": "5", "e": "c", "n": "r", "i": "l"}
WIDTH, LETTER, LINE = 480, 9, 24


def shop(chance: random.Random) -> dict:
    """What all receipts of a shop share."""
    name = f"{chance.choice(TRADES)} {chance.choice(FIRST)} {chance.choice(FORMS)}"
    street = f"{chance.choice(STREETS)} {chance.randint(1, 140)},"
    floor = [f"Local {chance.randint(1, 30)}, Planta {chance.randint(0, 3)},"] if chance.random() < 0.4 else []
    return {
        "company": name,
        "address": [street, *floor, chance.choice(CITIES)],
        "tax_number": f"B{chance.randint(10_000_000, 99_999_999)}",
        "date": chance.choice(DATES),
        "total": chance.choice(TOTALS),
        "centred": chance.random() < 0.5,
        "date_first": chance.random() < 0.3,
        "labels": chance.random() < 0.6,
        "opening": chance.choice(OPENINGS) if chance.random() < 0.5 else None,
        "tax_first": chance.random() < 0.3,
        "note": chance.choice(NOTES) if chance.random() < 0.5 else None,
    }


def receipt(chance: random.Random, of: dict) -> dict:
    """A document with its values, as a line of the sample."""
    day = (date(2024, 1, 1) + timedelta(days=chance.randrange(600))).strftime(of["date"])
    prices = [round(chance.uniform(0.5, 60), 2) for _ in range(chance.randint(1, 6))]
    total = f"{sum(prices):.2f}"
    clock = f"{chance.randint(8, 21):02}:{chance.randint(0, 59):02}"
    when = [f"Fecha: {day} {clock}" if of["labels"] else f"{day} {clock}"]
    lines = [(text,) for text in (of["opening"], *(when if of["date_first"] else [])) if text]
    lines += [(of["company"],), *((line,) for line in of["address"])]
    lines.insert(len(lines) - len(of["address"]) if of["tax_first"] else len(lines), (f"CIF {of['tax_number']}",))
    lines += [(f"Tel. 9{chance.randint(10_000_000, 99_999_999)}",)] if chance.random() < 0.7 else []
    lines += [] if of["date_first"] else [(text,) for text in when]
    lines += [(f"Ticket {chance.randint(1000, 99_999)}",)]
    lines += [(of["note"],)] if of["note"] else []
    lines += [(chance.choice(ITEMS), f"{price:.2f}") for price in prices]
    lines += [("Base imponible", f"{sum(prices) / 1.21:.2f}"), ("IVA 21%", f"{sum(prices) * 0.21 / 1.21:.2f}")]
    lines += [(of["total"], total)]
    paid = -(-sum(prices) // 10) * 10
    lines += [("Entregado", f"{paid:.2f}"), ("Cambio", f"{paid - sum(prices):.2f}")] if chance.random() < 0.5 else []
    lines += [(chance.choice(GREETINGS),)]
    fields = {"company": of["company"], "date": day, "address": " ".join(of["address"]), "total": total}
    return {"document": {"pages": [page(chance, lines, of["centred"])]}, "fields": fields}


def page(chance: random.Random, lines: list[tuple[str, ...]], centred: bool) -> dict:
    """The lines as words with boxes; the second part of a line stands at the right edge."""
    words, top = [], 20 + chance.randint(0, 30)
    for line in lines:
        width = len(line[0]) * LETTER
        left = (WIDTH - width) // 2 if centred and len(line) == 1 else 24 + chance.randint(-4, 4)
        words += placed(chance, line[0], left, top)
        for text in line[1:]:
            words += placed(chance, text, WIDTH - 24 - len(text) * LETTER, top + chance.randint(-2, 2))
        top += LINE + chance.randint(-2, 4)
    return {"width": WIDTH, "height": top + 30, "words": words}


def placed(chance: random.Random, text: str, left: int, top: int) -> list[dict]:
    """Words beside each other; a letter in a hundred that is easily misread is."""
    found = []
    for word in text.split():
        read = "".join(MISREAD.get(letter, letter) if chance.random() < 0.01 else letter for letter in word)
        found.append({"text": read, "box": [left, top, left + len(word) * LETTER - 1, top + 16]})
        left += (len(word) + 1) * LETTER
    return found


def rows() -> list[str]:
    """The lines of the sample; some shops come again and again."""
    chance = random.Random(20240501)
    shops = [shop(chance) for _ in range(40)]
    weights = [1 / (1 + place) for place in range(len(shops))]
    drawn = (receipt(chance, chance.choices(shops, weights)[0]) for _ in range(DOCUMENTS))
    return [json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in drawn]


if __name__ == "__main__":
    SAMPLE.write_text("\n".join(rows()) + "\n", encoding="utf-8")
