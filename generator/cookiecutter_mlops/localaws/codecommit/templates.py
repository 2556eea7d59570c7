"""Approval rule templates: kept and associated with repositories as on AWS, where pull requests would obey them.

The embedded CodeCommit has no pull requests, so nothing here ever asks for an approval.
"""

import hashlib
import uuid
from typing import Any

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.extension import AwsError

Document = dict[str, Any]


class Templates:
    """The approval rule templates of one account and region, and the repositories that each is associated with."""

    def __init__(self) -> None:
        self._templates: dict[str, Document] = {}
        self._repositories: dict[str, set[str]] = {}

    def create(self, name: str, content: str, description: str | None) -> Document:
        if name in self._templates:
            raise AwsError("ApprovalRuleTemplateNameAlreadyExistsException", f"{name} already exists")
        now = clock.time()
        self._templates[name] = {
            "approvalRuleTemplateId": str(uuid.uuid4()),
            "approvalRuleTemplateName": name,
            "approvalRuleTemplateDescription": description or "",
            "creationDate": now,
        }
        self._repositories[name] = set()
        return self.change(name, approvalRuleTemplateContent=content)

    def change(self, name: str, **members: str) -> Document:
        template = self.get(name)
        template |= {**members, "lastModifiedDate": clock.time(), "lastModifiedUser": "embedded-aws"}
        template["ruleContentSha256"] = hashlib.sha256(template["approvalRuleTemplateContent"].encode()).hexdigest()
        return template

    def rename(self, name: str, other: str) -> Document:
        if other in self._templates:
            raise AwsError("ApprovalRuleTemplateNameAlreadyExistsException", f"{other} already exists")
        template = self.change(name, approvalRuleTemplateName=other)
        self._templates[other] = self._templates.pop(name)
        self._repositories[other] = self._repositories.pop(name)
        return template

    def get(self, name: str) -> Document:
        if name not in self._templates:
            raise AwsError("ApprovalRuleTemplateDoesNotExistException", f"{name} does not exist")
        return self._templates[name]

    def delete(self, name: str) -> Document | None:
        """Remove a template; AWS deletes what is gone without complaint, and refuses what is in use."""
        if self._repositories.get(name):
            raise AwsError("ApprovalRuleTemplateInUseException", f"{name} is associated with repositories")
        self._repositories.pop(name, None)
        return self._templates.pop(name, None)

    def repositories(self, name: str) -> set[str]:
        """Return the repositories of a template; whoever changes the set changes the associations."""
        self.get(name)
        return self._repositories[name]

    def names(self, repository: str | None = None) -> list[str]:
        """Return the names of all templates, or of those of one repository."""
        return [name for name, those in self._repositories.items() if repository is None or repository in those]
