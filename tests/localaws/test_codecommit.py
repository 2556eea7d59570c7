"""CodeCommit through git and boto3: repositories, pushes, clones, branches, events."""

import json
import subprocess
import uuid

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import ACCOUNT, REGION, wait_for
from tests.localaws.repositories import WorkingCopy


@pytest.fixture
def name():
    return f"code-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def created(aws, name):
    """The metadata of a new repository."""
    return aws.client("codecommit").create_repository(repositoryName=name)["repositoryMetadata"]


@pytest.fixture
def copy(created, tmp_path):
    folder = tmp_path / "copy"
    folder.mkdir()
    return WorkingCopy(folder, created["cloneUrlHttp"])


def changes(aws, name, count):
    """Return the details of the first `count` events of a repository, once they have reached its queue."""
    queue = aws.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    details = []

    def received():
        answer = aws.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        details.extend(json.loads(message["Body"])["detail"] for message in answer.get("Messages", []))
        return len(details) >= count

    wait_for(received)
    return details


@pytest.fixture
def listened(aws, name):
    """A queue that receives the repository's events."""
    aws.client("sqs").create_queue(QueueName=name)
    pattern = {"source": ["aws.codecommit"], "detail": {"repositoryName": [name]}}
    aws.client("events").put_rule(Name=name, EventPattern=json.dumps(pattern))
    target = {"Id": "queue", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"}
    aws.client("events").put_targets(Rule=name, Targets=[target])


def test_clone_has_what_was_pushed(copy, created, tmp_path):
    copy.push("first", readme="hello")
    subprocess.run(["git", "clone", "--quiet", created["cloneUrlHttp"], tmp_path / "clone"], check=True)
    assert (tmp_path / "clone" / "readme.txt").read_text() == "hello"


def test_push_larger_than_gits_buffer_arrives(aws, copy, name):
    noise = "".join(uuid.uuid4().hex for _ in range(150_000))  # git sends more than 1 MiB in chunks
    commit = copy.push("large", noise=noise)
    branch = aws.client("codecommit").get_branch(repositoryName=name, branchName="main")["branch"]
    assert branch["commitId"] == commit


def test_branches_and_commits_are_those_of_git(aws, copy, name):
    client, first = aws.client("codecommit"), copy.push("first")
    copy.git("switch", "--quiet", "--create", "feature/x")
    second = copy.push("second\n\nwith a reason")
    assert client.list_branches(repositoryName=name)["branches"] == ["feature/x", "main"]
    assert client.get_branch(repositoryName=name, branchName="feature/x")["branch"]["commitId"] == second
    commit = client.get_commit(repositoryName=name, commitId=second)["commit"]
    assert (commit["parents"], commit["message"]) == ([first], "second\n\nwith a reason\n")
    assert (commit["author"]["name"], commit["author"]["email"]) == ("Ada", "ada@example.com")


def test_default_branch_is_the_first_pushed_until_another_is_chosen(aws, created, name, tmp_path):
    client, copy = aws.client("codecommit"), WorkingCopy(tmp_path, created["cloneUrlHttp"], branch="trunk")
    assert "defaultBranch" not in created
    copy.push("first")
    assert client.get_repository(repositoryName=name)["repositoryMetadata"]["defaultBranch"] == "trunk"
    copy.git("push", "--quiet", copy.url, "HEAD:refs/heads/main")
    client.update_default_branch(repositoryName=name, defaultBranchName="main")
    assert client.get_repository(repositoryName=name)["repositoryMetadata"]["defaultBranch"] == "main"


def test_push_is_announced_once_for_each_reference_that_changed(aws, copy, name, listened):
    first = copy.push("first")
    copy.git("tag", "v1")
    second = copy.commit("second")
    copy.git("push", "--quiet", copy.url, "main", "v1")
    copy.git("push", "--quiet", copy.url, ":v1")
    seen = {(c["event"], c["referenceFullName"], c["commitId"], c["oldCommitId"]) for c in changes(aws, name, 4)}
    assert seen == {
        ("referenceCreated", "refs/heads/main", first, "0" * 40),
        ("referenceUpdated", "refs/heads/main", second, first),
        ("referenceCreated", "refs/tags/v1", first, "0" * 40),
        ("referenceDeleted", "refs/tags/v1", first, first),
    }


def test_clone_is_not_announced(aws, copy, created, name, listened, tmp_path):
    copy.push("first")
    subprocess.run(["git", "clone", "--quiet", created["cloneUrlHttp"], tmp_path / "clone"], check=True)
    copy.push("second")
    assert sorted(change["event"] for change in changes(aws, name, 2)) == ["referenceCreated", "referenceUpdated"]


def test_description_and_tags_are_kept(aws, created, name):
    client = aws.client("codecommit")
    client.update_repository_description(repositoryName=name, repositoryDescription="wages")
    client.tag_resource(resourceArn=created["Arn"], tags={"team": "a", "cost": "b"})
    client.untag_resource(resourceArn=created["Arn"], tagKeys=["cost"])
    assert client.get_repository(repositoryName=name)["repositoryMetadata"]["repositoryDescription"] == "wages"
    assert client.list_tags_for_resource(resourceArn=created["Arn"])["tags"] == {"team": "a"}


def test_repository_made_again_is_empty(aws, copy, name):
    client = aws.client("codecommit")
    copy.push("first")
    client.delete_repository(repositoryName=name)
    with pytest.raises(ClientError, match=f"{name} does not exist"):
        client.list_branches(repositoryName=name)
    client.create_repository(repositoryName=name)
    assert client.list_branches(repositoryName=name)["branches"] == []


@pytest.mark.parametrize("wanted", ["main", "--output=x", "0" * 40])
def test_commit_that_is_none_is_refused(aws, copy, name, wanted):
    copy.push("first")
    with pytest.raises(ClientError, match="CommitIdDoesNotExistException"):
        aws.client("codecommit").get_commit(repositoryName=name, commitId=wanted)


def test_approval_rule_template_is_kept_while_a_repository_uses_it(aws, created, name):
    client, content = aws.client("codecommit"), json.dumps({"Version": "2018-11-08", "Statements": []})
    template = {"approvalRuleTemplateName": name}
    client.create_approval_rule_template(**template, approvalRuleTemplateContent=content)
    client.associate_approval_rule_template_with_repository(**template, repositoryName=name)
    used = client.list_associated_approval_rule_templates_for_repository(repositoryName=name)
    assert used["approvalRuleTemplateNames"] == [name]
    with pytest.raises(ClientError, match="ApprovalRuleTemplateInUseException"):
        client.delete_approval_rule_template(**template)
    client.delete_repository(repositoryName=name)
    client.delete_approval_rule_template(**template)
    with pytest.raises(ClientError, match="ApprovalRuleTemplateDoesNotExistException"):
        client.get_approval_rule_template(**template)


def test_push_to_an_unknown_repository_is_refused(aws, tmp_path):
    copy = WorkingCopy(tmp_path, f"{aws.url}/v1/repos/{REGION}/nobody")
    copy.commit("first")
    with pytest.raises(subprocess.CalledProcessError) as refused:
        copy.git("push", copy.url, "main")
    assert "not found" in refused.value.stderr
