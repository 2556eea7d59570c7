"""From the instances of a request to rows of typed values, or one sentence that names instance, field and rule."""

import difflib
import os
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from training.cells import DataError, Wrong, broken, reader, rule
from training.settings import Column

Row = list[Any]
Read = TypeVar("Read")


class Unread(str):
    """In place of an instance whose line cannot be read: the sentence that says why."""


class Rows:
    """Reads instances by the rules of the columns; a row has a value for each of them, in their order."""

    def __init__(self, columns: Iterable[Column]) -> None:
        self.columns = {column.name: column for column in columns}
        self._readers = [(name, _required(column)) for name, column in self.columns.items()]
        self._names = frozenset(self.columns)

    def read(self, instances: list[Any]) -> list[Row]:
        """The rows, or a DataError about the first instance that breaks a rule."""
        return [self.row(number, instance) for number, instance in enumerate(instances)]

    def row(self, number: int, instance: Any) -> Row:
        """The row of one instance; its DataError has the number."""
        if type(instance) is list:
            instance = self._named(instance, number)
        try:
            if instance.keys() <= self._names:
                get = instance.get
                return [read(get(name)) for name, read in self._readers]
        except (Wrong, AttributeError):
            pass
        raise DataError(self._sentence(instance, f"instances[{number}]"))

    def _named(self, values: list[Any], number: int) -> dict[str, Any]:
        if len(values) != len(self.columns):
            wanted = f"{len(self.columns)}, for {', '.join(self.columns)}"
            raise DataError(f"instances[{number}] has {len(values)} values, but must have {wanted}.")
        return dict(zip(self.columns, values, strict=True))

    def _sentence(self, instance: Any, place: str) -> str:
        """What is wrong; a misspelt field comes first, since it would count as missing."""
        if isinstance(instance, Unread):
            return str(instance)
        if not isinstance(instance, dict):
            return f"{place} must be an object with the fields {', '.join(self.columns)}."
        for name in instance.keys() - self._names:
            near = difflib.get_close_matches(str(name), self.columns, n=1)
            hint = f"did you mean {near[0]}?" if near else f"the fields are {', '.join(self.columns)}."
            return f"{place}: there is no field {str(name)[:80]!r}; {hint}"
        for name, read in self._readers:
            value, column = instance.get(name), self.columns[name]
            if isinstance(value, dict | list):
                return f"{place}: {name} must be one value, not a list or an object."
            try:
                read(value)
            except Required:
                return f"{place}: {name} is required and must be {rule(column)}."
            except Wrong:
                return f"{place}: {broken(column, value)}"
        raise AssertionError("an instance is either read or refused")


def each(read: Callable[[int, Any], Read], instances: list[Any]) -> list[Read | DataError]:
    """What is read of each instance, with its number, or what is wrong with it.

    A DataError where that is all of them, so that whoever sends one that is wrong is told by the status, too. Not in a
    batch job, where only an answer leaves an output file: SageMaker sets SAGEMAKER_BATCH,
    https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html
    """
    found = [_or_problem(read, number, instance) for number, instance in enumerate(instances)]
    problems = [one for one in found if isinstance(one, DataError)]
    if len(problems) == len(found) and "SAGEMAKER_BATCH" not in os.environ:
        raise problems[0]
    return found


def _or_problem(read: Callable[[int, Any], Read], number: int, instance: Any) -> Read | DataError:
    try:
        return read(number, instance)
    except DataError as problem:
        return problem


class Required(Wrong):
    """A value is missing where the column allows none."""


def _required(column: Column) -> Callable[[Any], Any]:
    read = _only_text(reader(column)) if column.type == "text" else reader(column)
    if column.missing > 0:
        return read

    def required(cell: Any) -> Any:
        value = read(cell)
        if value is None or value != value:
            raise Required
        return value

    return required


def _only_text(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """JSON says what is a text; a cell of a spreadsheet may be a number and mean one."""

    def text(cell: Any) -> Any:
        if not (isinstance(cell, str) or cell is None or cell != cell):
            raise Wrong
        return read(cell)

    return text
