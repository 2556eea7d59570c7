"""Make the synthetic sample of the tabular use case: invented salaries, the same file every time.

python tests/template/tabular_sample.py > cookiecutter-mlops/use-cases/tabular/data/sample.csv
"""

import random
import sys
from datetime import date, timedelta
from math import exp

TODAY = date(2025, 12, 31)
DEPARTMENTS = {"engineering": 1.25, "finance": 1.15, "operations": 0.9, "sales": 1.0, "support": 0.8}
CITIES = {"Barcelona": 1.08, "Bilbao": 1.02, "Madrid": 1.1, "Valencia": 0.92}
HEADER = "salary,education_years,experience_years,department,city,manager,hired_on,review_score"


def rows(count: int = 1200, seed: int = 0) -> list[str]:
    """Salaries grow with schooling, flatten with experience, and scatter by a factor, so that they are skewed."""
    rng = random.Random(seed)
    return [HEADER, *(_person(rng) for _ in range(count))]


def _person(rng: random.Random) -> str:
    education = min(max(round(rng.gauss(14, 3)), 6), 22)
    experience = round(rng.uniform(0, 42), 1)
    department, city = rng.choice(list(DEPARTMENTS)), rng.choice(list(CITIES))
    manager = rng.random() < experience / 120
    hired_on = TODAY - timedelta(days=int(rng.random() * experience * 365))
    score = min(max(round(rng.gauss(3.4, 0.8), 1), 1), 5)
    growth = 0.07 * education + 0.035 * experience - 0.0005 * experience**2 + 0.05 * score + rng.gauss(0, 0.22)
    salary = 7500 * exp(growth) * DEPARTMENTS[department] * CITIES[city] * (1.3 if manager else 1)
    shown_city, shown_score = "" if rng.random() < 0.05 else city, "" if rng.random() < 0.2 else score
    flag = "yes" if manager else "no"
    return f"{salary:.0f},{education},{experience},{department},{shown_city},{flag},{hired_on},{shown_score}"


if __name__ == "__main__":
    sys.stdout.write("\n".join(rows()) + "\n")
