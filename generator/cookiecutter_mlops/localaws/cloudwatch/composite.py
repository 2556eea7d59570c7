"""Rules of composite alarms: ALARM("a") AND NOT (OK("b") OR INSUFFICIENT_DATA(c)).

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
"""

import re
from collections.abc import Callable

_TOKENS = re.compile(r'\s*(?:"([^"]*)"|(\(|\))|([^\s()"]+))')
_STATES = ("ALARM", "OK", "INSUFFICIENT_DATA")


class Rule:
    """A parsed rule; raises ValueError for one that is not well formed."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = [quoted or bracket or word for quoted, bracket, word in _TOKENS.findall(text)]
        self.names: list[str] = []
        self._state_of: Callable[[str], str | None] = lambda name: None
        self.holds(self._state_of)  # finds mistakes and names

    def __reduce__(self) -> tuple[type["Rule"], tuple[str]]:
        return Rule, (self._text,)

    def holds(self, state_of: Callable[[str], str | None]) -> bool:
        """Evaluate the rule with a function that gives the state of an alarm by its name or ARN."""
        self._rest, self._state_of, self.names = list(self._tokens), state_of, []
        result = self._any()
        if self._rest:
            raise ValueError(f"unexpected {self._rest[0]!r}")
        return result

    def _any(self) -> bool:
        result = self._all()
        while self._take("OR"):
            result = self._all() or result
        return result

    def _all(self) -> bool:
        result = self._one()
        while self._take("AND"):
            result = self._one() and result
        return result

    def _one(self) -> bool:
        if self._take("NOT"):
            return not self._one()
        if self._take("("):
            result = self._any()
            self._expect(")")
            return result
        word = self._next()
        if word in ("TRUE", "FALSE"):
            return word == "TRUE"
        if word not in _STATES:
            raise ValueError(f"unexpected {word!r}")
        self._expect("(")
        name = self._next()
        self._expect(")")
        self.names.append(name)
        return self._state_of(name.rpartition(":alarm:")[2]) == word

    def _take(self, token: str) -> bool:
        if self._rest and self._rest[0] == token:
            self._rest.pop(0)
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise ValueError(f"expected {token!r}")

    def _next(self) -> str:
        if not self._rest:
            raise ValueError("the rule ends too early")
        return self._rest.pop(0)
