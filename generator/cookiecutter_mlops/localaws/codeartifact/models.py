"""Domains and repositories of one account and region."""

from moto.core.base_backend import BackendDict, BaseBackend

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.crud import Document
from cookiecutter_mlops.localaws.extension import AwsError


class CodeArtifactBackend(BaseBackend):
    """Domains and repositories as they were given: they hold no package."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.domains: dict[str, Document] = {}
        self.repositories: dict[tuple[str, str], Document] = {}
        self.tags: dict[str, dict[str, str]] = {}  # by ARN

    def create_domain(self, request: Document) -> Document:
        name = request["domain"]
        if name in self.domains:
            raise AwsError("ConflictException", f"Domain '{name}' already exists.")
        self.domains[name] = self._new("domain", name, request) | {
            "name": name,
            "owner": self.account_id,
            "status": "Active",
            "encryptionKey": request.get("encryptionKey") or self._arn("kms", "alias/aws/codeartifact"),
            "repositoryCount": 0,
            "assetSizeBytes": 0,
        }
        return {"domain": self.domains[name]}

    def describe_domain(self, request: Document) -> Document:
        return {"domain": self._domain(request)}

    def delete_domain(self, request: Document) -> Document:
        domain = self.domains.get(request["domain"])
        if domain and domain["repositoryCount"]:
            raise AwsError("ConflictException", f"Domain '{domain['name']}' contains repositories.")
        return {"domain": self.domains.pop(request["domain"], None)}

    def create_repository(self, request: Document) -> Document:
        domain, name = self._domain(request), request["repository"]
        if (domain["name"], name) in self.repositories:
            raise AwsError("ConflictException", f"Repository '{name}' already exists in domain '{domain['name']}'.")
        repository = self._new("repository", f"{domain['name']}/{name}", request) | {
            "name": name,
            "administratorAccount": self.account_id,
            "domainName": domain["name"],
            "domainOwner": domain["owner"],
            "description": request.get("description") or "",
            "upstreams": request.get("upstreams") or [],
            "externalConnections": [],
        }
        self.repositories[domain["name"], name] = repository
        domain["repositoryCount"] += 1
        return {"repository": repository}

    def describe_repository(self, request: Document) -> Document:
        return {"repository": self._repository(request)}

    def update_repository(self, request: Document) -> Document:
        repository = self._repository(request)
        repository |= {name: request[name] for name in ("description", "upstreams") if request.get(name) is not None}
        return {"repository": repository}

    def delete_repository(self, request: Document) -> Document:
        repository = self._repository(request)
        self.domains[repository["domainName"]]["repositoryCount"] -= 1
        return {"repository": self.repositories.pop((repository["domainName"], repository["name"]))}

    def list_tags_for_resource(self, request: Document) -> Document:
        tags = self.tags.get(request["resourceArn"], {})
        return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}

    def tag_resource(self, request: Document) -> Document:
        self.tags.setdefault(request["resourceArn"], {}).update(_pairs(request["tags"]))
        return {}

    def untag_resource(self, request: Document) -> Document:
        for key in request["tagKeys"]:
            self.tags.get(request["resourceArn"], {}).pop(key, None)
        return {}

    def _new(self, noun: str, path: str, request: Document) -> Document:
        arn = self._arn("codeartifact", f"{noun}/{path}")
        self.tags[arn] = _pairs(request.get("tags") or [])
        return {"arn": arn, "createdTime": clock.time()}

    def _arn(self, service: str, rest: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region_name}:{self.account_id}:{rest}"

    def _domain(self, request: Document) -> Document:
        if request["domain"] not in self.domains:
            raise AwsError("ResourceNotFoundException", f"Domain not found. Domain name: {request['domain']}")
        return self.domains[request["domain"]]

    def _repository(self, request: Document) -> Document:
        key = request["domain"], request["repository"]
        if key not in self.repositories:
            raise AwsError("ResourceNotFoundException", f"'{key[1]}' repository could not be found.")
        return self.repositories[key]


def _pairs(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in tags}


codeartifact_backends = BackendDict(CodeArtifactBackend, "codeartifact")
