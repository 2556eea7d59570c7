"""Create, describe, update, delete and list for services whose resources are documents: Describe gives what Create got.

A backend's methods are named as the API's operations, take the request as a dictionary and return the answer as one.
`answer_with` makes the response methods that moto's dispatcher looks for.
"""

import copy
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from moto.core.base_backend import BaseBackend
from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.extension import AwsError
from cookiecutter_mlops.localaws.snapshot import Resuming

Document = dict[str, Any]


class Kind:
    """One kind of resource: what it is called, what identifies it, and what AWS adds to a new one.

    `missing` is the code and text of the not-found answer: Terraform's provider decides by them whether a resource is
    gone, so they are copied from AWS, kind by kind.
    """

    def __init__(
        self,
        noun: str,
        *keys: str,
        arn: str = "",
        defaults: Document | None = None,
        missing: tuple[str, str] = ("ResourceNotFound", "{noun} {key} does not exist."),
        exists: tuple[str, str] = ("ValidationException", 'Cannot create already existing {noun} "{key}".'),
        complete: Callable[[Document], object] | None = None,
        order: str = "Descending",
        arn_member: str = "",
        listed: str = "",
        wrapped: str = "",
    ) -> None:
        self.noun, self.keys, self.arn_member = noun, keys or (f"{noun}Name",), arn_member or f"{noun}Arn"
        self.plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
        self.listed, self.wrapped = listed or self.plural, wrapped  # members of what List and Describe answer
        self.arn = arn or camelcase_to_underscores(noun).replace("_", "-") + "/" + "/".join(
            f"{{{k}}}" for k in self.keys
        )
        self.defaults, self.missing, self.exists = defaults or {}, missing, exists
        self.complete, self.order = complete, order

    def key(self, request: Document) -> tuple[Any, ...]:
        return tuple(request.get(key) for key in self.keys)

    def error(self, code_and_text: tuple[str, str], key: tuple[Any, ...]) -> AwsError:
        code, text = code_and_text
        return AwsError(code, text.format(noun=self.noun, key="/".join(map(str, key))))


class Documents:
    """The documents of one account and region, by kind and key."""

    def __init__(self, service: str, account: str, region: str) -> None:
        self.prefix = f"arn:aws:{service}:{region}:{account}:"
        self._kinds: dict[str, dict[tuple[Any, ...], Document]] = {}
        self._arn_members: dict[str, str] = {}

    def of(self, kind: Kind) -> dict[tuple[Any, ...], Document]:
        self._arn_members[kind.noun] = kind.arn_member
        return self._kinds.setdefault(kind.noun, {})

    def create(self, kind: Kind, request: Document) -> Document:
        """Store a request as a new resource and return its document."""
        now = clock.time()
        document = {**copy.deepcopy(kind.defaults), **request}
        document |= {"CreationTime": now, "LastModifiedTime": now, "CreatedTime": now}
        if kind.complete:
            kind.complete(document)
        document[kind.arn_member] = self.prefix + kind.arn.format_map(defaultdict(str, document))
        # setdefault is atomic: of two requests at the same moment, one is refused.
        if self.of(kind).setdefault(kind.key(document), document) is not document:
            raise kind.error(kind.exists, kind.key(document))
        return document

    def get(self, kind: Kind, *key: Any) -> Document:
        try:
            return self.of(kind)[key]
        except KeyError:
            raise kind.error(kind.missing, key) from None

    def find(self, kind: Kind, request: Document) -> Document:
        return self.get(kind, *kind.key(request))

    def describe(self, kind: Kind, request: Document) -> Document:
        """Return a document without its empty members: an empty structure reads as a change to Terraform."""
        found = {name: value for name, value in self.find(kind, request).items() if value not in (None, {}, [])}
        return {kind.wrapped: found} if kind.wrapped else found

    def update(self, kind: Kind, request: Document) -> Document:
        document = self.find(kind, request)
        document.update(request, LastModifiedTime=clock.time())
        if kind.complete:
            kind.complete(document)
        return document

    def delete(self, kind: Kind, request: Document) -> Document:
        self.find(kind, request)
        del self.of(kind)[kind.key(request)]
        return {}

    def search(self, kind: Kind, request: Document) -> list[Document]:
        """Return the documents that a List request asks for, in its order."""
        found = [document for document in list(self.of(kind).values()) if _wanted(kind, document, request)]
        by = "CreationTime" if request.get("SortBy", "CreationTime") != "Name" else kind.keys[-1]
        return sorted(
            found, key=lambda document: document[by], reverse=request.get("SortOrder", kind.order) == "Descending"
        )

    def tag(self, document: Document, tags: list[Document]) -> list[Document]:
        """Add tags to a document, or replace those of the same key, and return all of them."""
        merged = {tag["Key"]: tag["Value"] for tag in (document.get("Tags") or []) + tags}
        document["Tags"] = [{"Key": key, "Value": value} for key, value in merged.items()]
        return document["Tags"]

    def untag(self, document: Document, keys: list[str]) -> None:
        document["Tags"] = [tag for tag in document.get("Tags") or [] if tag["Key"] not in keys]

    def by_arn(self, arn: str) -> Document | None:
        """Return the document whose own ARN this is."""
        return next((document for noun, document in self._all() if document.get(self._arn_members[noun]) == arn), None)

    def _all(self) -> Iterator[tuple[str, Document]]:
        for noun, documents in list(self._kinds.items()):
            for document in list(documents.values()):
                yield noun, document


def _wanted(kind: Kind, document: Document, request: Document) -> bool:
    status = request.get("StatusEquals")
    exactly = {name.removesuffix("Equals"): value for name, value in request.items() if name.endswith("IdEquals")}
    return (
        request.get("NameContains", "") in str(document[kind.keys[-1]])
        and all(document.get(name) == value for name, value in exactly.items())
        and status in (None, document.get(f"{kind.noun}Status"))
        and _within(document["CreationTime"], request.get("CreationTimeAfter"), request.get("CreationTimeBefore"))
    )


def _within(moment: float, after: Any, before: Any) -> bool:
    return (after is None or moment > seconds_of(after)) and (before is None or moment < seconds_of(before))


def seconds_of(moment: Any) -> float:
    """Return a moment as seconds since 1970, whether it is a datetime or a number."""
    return moment.timestamp() if hasattr(moment, "timestamp") else float(moment)


def page(request: Document, member: str, items: list[Document], size: int = 10) -> Document:
    """Return one page of a list, with the token of the next one; pages are as short as those of AWS."""
    start, size = int(request.get("NextToken") or 0), int(request.get("MaxResults") or size)
    answer: Document = {member: items[start : start + size]}
    return answer | ({"NextToken": str(start + size)} if start + size < len(items) else {})


def crud(kind: Kind, verbs: str = "Create Describe Update Delete List") -> dict[str, Callable[..., Document]]:
    """Return the operations of one kind, by method name, for a backend that has `documents`."""
    methods: dict[str, Callable[..., Document]] = {
        f"Create{kind.noun}": lambda backend, request: backend.documents.create(kind, request),
        f"Describe{kind.noun}": lambda backend, request: backend.documents.describe(kind, request),
        f"Update{kind.noun}": lambda backend, request: backend.documents.update(kind, request),
        f"Delete{kind.noun}": lambda backend, request: backend.documents.delete(kind, request),
        f"List{kind.plural}": lambda backend, request: page(
            request, kind.listed, backend.documents.search(kind, request)
        ),
    }
    return {
        camelcase_to_underscores(name): method
        for name, method in methods.items()
        if name.startswith(tuple(verbs.split()))
    }


def answer_with(response: type, backend: type) -> None:
    """Give a response class one method for each operation of the backend: its public methods."""
    inherited = {*dir(BaseBackend), *dir(Resuming)}
    for name in dir(backend):
        if not name.startswith("_") and name not in inherited and callable(getattr(backend, name)):
            setattr(response, name, _forward(name, getattr(backend, name)))


def _forward(name: str, answers: Callable[..., Document]) -> Callable[[Any], ActionResult]:
    def method(self: Any) -> ActionResult:
        return ActionResult(getattr(self.backend, name)(copy.deepcopy(dict(self.params))))

    method.__name__ = name
    method.answers = answers  # type: ignore[attr-defined]  # what `mlops local coverage` looks at
    return method
