"""CodeCommit's operations: moto's, with real repositories behind them, with tags, branches and commits."""

import json
import re
from collections import defaultdict
from datetime import datetime
from typing import Any

from moto.codecommit.models import codecommit_backends
from moto.codecommit.responses import CodeCommitResponse as MotoCodeCommitResponse

from cookiecutter_mlops.localaws.codecommit.git import Repository
from cookiecutter_mlops.localaws.codecommit.templates import Templates
from cookiecutter_mlops.localaws.extension import AwsError

TAGS: dict[str, dict[str, str]] = {}
TEMPLATES: defaultdict[tuple[str, str], Templates] = defaultdict(Templates)
NAME = "approvalRuleTemplateName"


class ApprovalRuleTemplateResponse(MotoCodeCommitResponse):
    """The operations of approval rule templates."""

    @property
    def templates(self) -> Templates:
        return TEMPLATES[self.current_account, self.region]

    def create_approval_rule_template(self) -> str:
        content, description = (self._get_param(f"approvalRuleTemplate{part}") for part in ("Content", "Description"))
        return _template(self.templates.create(self._get_param(NAME), content, description))

    def get_approval_rule_template(self) -> str:
        return _template(self.templates.get(self._get_param(NAME)))

    def update_approval_rule_template_content(self) -> str:
        content = self._get_param("newRuleContent")
        return _template(self.templates.change(self._get_param(NAME), approvalRuleTemplateContent=content))

    def update_approval_rule_template_description(self) -> str:
        description = self._get_param("approvalRuleTemplateDescription")
        return _template(self.templates.change(self._get_param(NAME), approvalRuleTemplateDescription=description))

    def update_approval_rule_template_name(self) -> str:
        names = (self._get_param(f"{which}ApprovalRuleTemplateName") for which in ("old", "new"))
        return _template(self.templates.rename(*names))

    def delete_approval_rule_template(self) -> str:
        gone = self.templates.delete(self._get_param(NAME)) or {}
        return json.dumps({key: gone[key] for key in ("approvalRuleTemplateId",) if key in gone})

    def list_approval_rule_templates(self) -> str:
        return json.dumps({"approvalRuleTemplateNames": self.templates.names()})

    def associate_approval_rule_template_with_repository(self) -> str:
        repository = Repository.of(self.current_account, self.region, self._get_param("repositoryName"))
        self.templates.repositories(self._get_param(NAME)).add(repository.name)
        return "{}"

    def disassociate_approval_rule_template_from_repository(self) -> str:
        self.templates.repositories(self._get_param(NAME)).discard(self._get_param("repositoryName"))
        return "{}"

    def list_associated_approval_rule_templates_for_repository(self) -> str:
        return json.dumps({"approvalRuleTemplateNames": self.templates.names(self._get_param("repositoryName"))})

    def list_repositories_for_approval_rule_template(self) -> str:
        return json.dumps({"repositoryNames": sorted(self.templates.repositories(self._get_param(NAME)))})


class CodeCommitResponse(ApprovalRuleTemplateResponse):
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
            for template in self.templates.names(name):
                self.templates.repositories(template).discard(name)
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


def _template(template: dict[str, Any]) -> str:
    return json.dumps({"approvalRuleTemplate": template})
