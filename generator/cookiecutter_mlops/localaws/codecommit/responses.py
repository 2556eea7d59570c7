"""CodeCommit's operations: moto's, with real repositories behind them, with tags, branches and commits."""

import json
import re
from datetime import datetime
from typing import Any

from moto.codecommit.models import codecommit_backends
from moto.codecommit.responses import CodeCommitResponse as MotoCodeCommitResponse

from cookiecutter_mlops.localaws.codecommit.git import Repository
from cookiecutter_mlops.localaws.extension import AwsError

TAGS: dict[str, dict[str, str]] = {}


class CodeCommitResponse(MotoCodeCommitResponse):
    @property
    def repository(self) -> Repository:
        return Repository.of(self.current_account, self.region, self._get_param("repositoryName"))

    def create_repository(self) -> str:
        metadata = json.loads(super().create_repository())["repositoryMetadata"]
        TAGS[metadata["Arn"]] = dict(self._get_param("tags") or {})
        self._metadata()["kmsKeyId"] = self._get_param("kmsKeyId")
        self.repository.create()
        return self.get_repository()

    def get_repository(self) -> str:
        """Dates are seconds since 1970: Terraform's SDK refuses moto's ISO texts."""
        super().get_repository()
        repository = self.repository
        shown = {key: value for key, value in self._metadata().items() if value is not None}
        shown["cloneUrlHttp"] = repository.clone_url
        if branch := repository.default_branch():
            shown["defaultBranch"] = branch
        for key in ("creationDate", "lastModifiedDate"):
            shown[key] = datetime.fromisoformat(shown[key]).timestamp()
        return json.dumps({"repositoryMetadata": shown})

    def delete_repository(self) -> str:
        name = self._get_param("repositoryName")
        if name in self.codecommit_backend.repositories:  # AWS deletes what is gone without complaint
            Repository(self.region, name).delete()
        return super().delete_repository()

    def list_repositories(self) -> str:
        known = codecommit_backends[self.current_account][self.region].repositories.values()
        shown = [{key: r.repository_metadata[key] for key in ("repositoryName", "repositoryId")} for r in known]
        return json.dumps({"repositories": shown})

    def update_repository_description(self) -> str:
        self._metadata()["repositoryDescription"] = self._get_param("repositoryDescription")
        return "{}"

    def update_default_branch(self) -> str:
        self.repository.set_default_branch(self._branch(self._get_param("defaultBranchName"))[0])
        return "{}"

    def update_repository_encryption_key(self) -> str:
        metadata, key = self._metadata(), self._get_param("kmsKeyId")
        before, metadata["kmsKeyId"] = metadata.get("kmsKeyId"), key
        return json.dumps({"repositoryId": metadata["repositoryId"], "kmsKeyId": key, "originalKmsKeyId": before})

    def list_branches(self) -> str:
        return json.dumps({"branches": sorted(self.repository.branches())})

    def get_branch(self) -> str:
        name, commit = self._branch(self._get_param("branchName"))
        return json.dumps({"branch": {"branchName": name, "commitId": commit}})

    def get_commit(self) -> str:
        wanted = self._get_param("commitId")
        commit = self.repository.commit(wanted) if re.fullmatch("[0-9a-f]{40}", wanted) else None
        if not commit:
            raise AwsError("CommitIdDoesNotExistException", f"Commit {wanted} does not exist")
        return json.dumps({"commit": commit})

    def list_tags_for_resource(self) -> str:
        return json.dumps({"tags": TAGS.get(self._get_param("resourceArn"), {})})

    def tag_resource(self) -> str:
        TAGS.setdefault(self._get_param("resourceArn"), {}).update(self._get_param("tags"))
        return "{}"

    def untag_resource(self) -> str:
        for key in self._get_param("tagKeys"):
            TAGS.get(self._get_param("resourceArn"), {}).pop(key, None)
        return "{}"

    def _branch(self, name: str) -> tuple[str, str]:
        """Return a branch's name and newest commit."""
        if name not in (branches := self.repository.branches()):
            raise AwsError("BranchDoesNotExistException", f"Branch {name} does not exist")
        return name, branches[name]

    def _metadata(self) -> dict[str, Any]:
        return self.codecommit_backend.get_repository(self._get_param("repositoryName"))
