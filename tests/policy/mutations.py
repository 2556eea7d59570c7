"""How to break a module so that a rule must notice: one edit of its HCL each, and where the rule has to point.

An edit is a regular expression that must match the file exactly once. New text that is a block goes to the file's end.
"""

import re
from dataclasses import dataclass
from pathlib import Path

END = r"\Z"
CONDITION = r"\n *condition \{[^}]*aws:SourceAccount[^}]*\}"

INTERFACE_CONDITION = r"\n *condition \{[^}]*PrincipalAccount[^}]*\}(\n  \}\n\}\n\nresource)"
PREFIX_LIST = r"prefix_list_id +=.*"
FROM_WORKLOADS = r'("TLS from the workloads"\n) *referenced_security_group_id .*'
DEFAULT_GROUP = r'(resource "aws_default_security_group" "this" \{\n)'


@dataclass(frozen=True)
class Mutation:
    """An edit of a module's file, the rule that it breaks, and a pattern of the address where it breaks."""

    rule: str
    file: str
    old: str
    new: str
    at: str

    def apply(self, terraform: Path) -> None:
        """Edit the file in a project's Terraform folder."""
        path = terraform / "modules" / self.file
        text, times = re.subn(self.old, lambda found: found.expand(self.new), path.read_text(), flags=re.MULTILINE)
        assert times == 1, f"{self.rule}: {self.old!r} matches {times} times in {self.file}, it must match once"
        path.write_text(text)

    def __str__(self) -> str:
        return f"{self.rule}-{self.file.split('/')[0]}"


IDENTITY = [
    Mutation(
        "pass-role-names-exact-roles",
        "sagemaker-training/jobs.tf",
        r'(actions   = \["iam:PassRole"\]\s+resources = )\[.*\]',
        r'\1["arn:${local.partition}:iam::${local.account}:role/${var.project}-*"]',
        r"train_pipeline.*build|training.*policy_document",
    ),
    Mutation(
        "pass-role-names-the-service",
        "sagemaker-endpoint/permissions.tf",
        r'test     = "StringEquals"(\s+variable = )"iam:PassedToService"',
        r'test     = "StringEquals"\1"aws:RequestedRegion"',
        r"release_pipeline.*build|endpoint.*policy_document.deploy",
    ),
    Mutation(
        "service-trust-is-bounded-to-the-account",
        "lambda-invoker/main.tf",
        CONDITION,
        "",
        r"invoker.*aws_iam_role.this",
    ),
    Mutation(
        "role-is-assumed-by-services-only",
        "sagemaker-training/role.tf",
        r'type        = "Service"\s+identifiers = \["sagemaker.amazonaws.com"\]',
        'type        = "AWS"\n      identifiers = ["210987654321"]',
        r"training.aws_iam_role.job",
    ),
    Mutation(
        "no-aws-managed-policy",
        "sagemaker-endpoint/role.tf",
        END,
        """
resource "aws_iam_role_policy_attachment" "everything" {
  role       = aws_iam_role.endpoint.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/AmazonSageMakerFullAccess"
}
""",
        r"endpoint.*aws_iam_role_policy_attachment.everything",
    ),
    Mutation(
        "no-action-wildcard",
        "lambda-invoker/main.tf",
        r'actions   = \["sqs:SendMessage"\]',
        'actions   = ["sqs:*"]',
        r"invoker.*aws_iam_role_policy.this",
    ),
    Mutation(
        "star-resource-only-where-aws-knows-no-other",
        "source-repository/pipeline.tf",
        r"resources = \[statement.value.arn\](\s+\}\s+\}\s+dynamic \"statement\" \{\s+for_each = aws_codeconnections)",
        r'resources = ["*"]\1',
        r"pipeline.aws_iam_role_policy.source",
    ),
    Mutation(
        "action-exists",
        "codepipeline/permissions.tf",
        r'"codebuild:StopBuild"',
        '"codebuild:StopBuilds"',
        r"pipeline.aws_iam_role_policy.pipeline",
    ),
    Mutation(
        "key-use-names-the-key",
        "codepipeline/permissions.tf",
        r"resources = \[var.kms_key_arn\]",
        r'resources = ["arn:${local.partition}:kms:${local.region}:${local.account}:key/*"]',
        r"pipeline.aws_iam_role_policy.pipeline",
    ),
    Mutation(
        "key-use-names-the-key",
        "codepipeline/builds.tf",
        r'variable = "kms:ViaService"\s+values   = \[.*\]',
        'variable = "aws:RequestedRegion"\n      values   = [local.region]',
        r"pipeline.aws_iam_role_policy.build",
    ),
    Mutation(
        "nobody-administers-identities",
        "codepipeline/events.tf",
        r'actions   = \["codepipeline:StartPipelineExecution"\]',
        'actions   = ["codepipeline:StartPipelineExecution", "iam:AttachRolePolicy"]',
        r"pipeline.aws_iam_role_policy.events",
    ),
    Mutation(
        "launcher-refuses-unsafe-jobs",
        "sagemaker-training/jobs.tf",
        r"\n *DenyNetworkAccess = .*",
        "",
        r"train_pipeline.*build|training.*policy_document",
    ),
    Mutation(
        "resource-policy-is-not-public",
        "notifications/main.tf",
        r'type        = "Service"\s+identifiers = .*\n    \}\n' + CONDITION,
        'type        = "AWS"\n      identifiers = ["*"]\n    }',
        r"notifications.aws_sns_topic_policy",
    ),
    *(
        Mutation("service-principal-is-bounded-to-the-account", file, CONDITION, "", at)
        for file, at in {
            "notifications/main.tf": r"notifications.aws_sns_topic_policy",
            "kms-key/main.tf": r"key.aws_kms_key",
            "s3-bucket/policy.tf": r"logs.aws_s3_bucket_policy",
        }.items()
    ),
    Mutation(
        "service-principal-is-bounded-to-the-account",
        "codepipeline/events.tf",
        r'\n *condition \{\n.*\n.*"aws:SourceArn"\n.*\n *\}',
        "",
        r"pipeline.aws_sqs_queue",
    ),
]

ENCRYPTION = [
    *(
        Mutation("customer-managed-key", file, rf"^ *{argument} *= var\.kms_key_arn\n", "", at)
        for file, argument, at in [
            ("notifications/main.tf", "kms_master_key_id", r"aws_sns_topic.this"),
            ("codepipeline/events.tf", "kms_master_key_id", r"aws_sqs_queue"),
            ("codepipeline/builds.tf", "encryption_key", r"aws_codebuild_project"),
            ("codepipeline/builds.tf", "kms_key_id", r"pipeline.aws_cloudwatch_log_group"),
            ("sagemaker-endpoint/role.tf", "kms_key_id", r"endpoint.*aws_cloudwatch_log_group"),
            ("lambda-invoker/main.tf", "kms_key_arn", r"aws_lambda_function"),
            ("source-repository/main.tf", "kms_key_id", r"aws_codecommit_repository"),
            ("sagemaker-training/main.tf", "kms_key", r"aws_ecr_repository"),
        ]
    ),
    Mutation(
        "customer-managed-key",
        "codepipeline/main.tf",
        r"\n *encryption_key \{[^}]*\}",
        "",
        r"aws_codepipeline.this",
    ),
    Mutation(
        "parameter-is-no-secret",
        "sagemaker-training/main.tf",
        r'type        = "String"',
        'type        = "SecureString"',
        r"training.aws_ssm_parameter",
    ),
    Mutation("key-rotates", "kms-key/main.tf", r"(enable_key_rotation +=) true", r"\1 false", r"key.aws_kms_key.this"),
    Mutation(
        "key-deletion-waits-thirty-days",
        "kms-key/main.tf",
        r"(deletion_window_in_days =) .*",
        r"\1 7",
        r"key.aws_kms_key.this",
    ),
    Mutation(
        "key-policy-is-written",
        "kms-key/main.tf",
        r"^ *policy +=.*\n",
        "",
        r"key.aws_kms_key.this",
    ),
    Mutation(
        "log-group-has-retention",
        "lambda-invoker/main.tf",
        r"(retention_in_days =) .*",
        r"\1 0",
        r"invoker.*aws_cloudwatch_log_group",
    ),
]

STORAGE = [
    Mutation(rule, f"s3-bucket/{file}", old, new, at)
    for rule, file, old, new, at in [
        (
            "bucket-refuses-plain-http",
            "policy.tf",
            r'(SecureTransport"\s+values   =) \["false"\]',
            r'\1 ["true"]',
            "data",
        ),
        ("bucket-refuses-old-tls", "policy.tf", r'"1\.2"', '"1.0"', "models"),
        ("bucket-refuses-other-keys", "policy.tf", r"^ *DenyOtherKeys .*\n", "", "data"),
        ("bucket-has-a-customer-managed-key", "main.tf", r"(sse_algorithm +=) .*", r'\1 "AES256"', "data"),
        ("bucket-uses-a-bucket-key", "main.tf", r"(bucket_key_enabled =) .*", r"\1 false", "data"),
        (
            "bucket-keeps-versions",
            "main.tf",
            r'(versioning_configuration \{\s+status =) "Enabled"',
            r'\1 "Suspended"',
            "data",
        ),
        ("bucket-expires-old-versions", "main.tf", r"\n *noncurrent_version_expiration \{[^}]*\}", "", "data"),
        ("bucket-aborts-unfinished-uploads", "main.tf", r"\n *abort_incomplete_multipart_upload \{[^}]*\}", "", "data"),
        ("bucket-blocks-public-access", "main.tf", r"(block_public_policy +=) true", r"\1 false", "models"),
        ("bucket-blocks-public-access", "main.tf", r'"BucketOwnerEnforced"', '"BucketOwnerPreferred"', "models"),
        (
            "bucket-logs-access",
            "main.tf",
            r"(log_bucket == null)( \? 0)",
            r'\1 || strcontains(var.name, "-data-")\2',
            "data",
        ),
    ]
] + [
    Mutation(
        "image-repository-is-immutable-and-scanned",
        "sagemaker-training/main.tf",
        '"IMMUTABLE"',
        '"MUTABLE"',
        r"training.aws_ecr_repository",
    ),
    Mutation(
        "image-repository-is-immutable-and-scanned",
        "sagemaker-training/main.tf",
        r"(scan_on_push =) true",
        r"\1 false",
        r"training.aws_ecr_repository",
    ),
    Mutation(
        "image-repository-has-a-lifecycle",
        "sagemaker-training/main.tf",
        r'^resource "aws_ecr_lifecycle_policy" "this" \{\n(.*\n)*?\}\n',
        "",
        r"training.aws_ecr_repository",
    ),
]

BUILDS = [
    Mutation(
        "pipeline-is-v2-and-orders-executions",
        "codepipeline/main.tf",
        r'(pipeline_type +=) "V2"',
        r'\1 "V1"',
        r"aws_codepipeline",
    ),
    Mutation(
        "pipeline-source-is-not-polled",
        "source-repository/pipeline.tf",
        r'(BranchName           = var.branch\n) *PollForSourceChanges = "false"\n',
        r"\1",
        r"aws_codepipeline",
    ),
    Mutation(
        "release-to-prod-is-approved",
        "../pipelines.tf",
        r'stage == "prod" \? \[\] : \[\s+\{\s+name      = "Approve"\s+approval .*\s+skip_when .*\s+\},\s+\]',
        "[]",
        r"release_pipeline.aws_codepipeline",
    ),
    Mutation(
        "build-is-privileged-only-to-make-images",
        "codepipeline/builds.tf",
        r"(privileged_mode =) .*",
        r"\1 true",
        r'aws_codebuild_project.this\["check"\]',
    ),
    Mutation(
        "build-image-is-pinned",
        "codepipeline/builds.tf",
        r"(image +=) var.build_image",
        r'\1 "aws/codebuild/standard:7.0"',
        r"aws_codebuild_project",
    ),
    Mutation(
        "build-is-bounded", "codepipeline/builds.tf", r"^ *concurrent_build_limit .*\n", "", r"aws_codebuild_project"
    ),
    Mutation(
        "build-writes-its-log-to-a-group-of-ours",
        "codepipeline/builds.tf",
        r"(group_name =) .*",
        r'\1 "builds"',
        r"aws_codebuild_project",
    ),
    Mutation(
        "environment-holds-no-secret",
        "codepipeline/builds.tf",
        r'(dynamic "environment_variable" \{)',
        r'environment_variable {\n      name  = "DB_PASSWORD"\n      value = "hunter2"\n    }\n\n    \1',
        r"aws_codebuild_project",
    ),
    Mutation(
        "environment-holds-no-secret",
        "lambda-invoker/main.tf",
        r"ENDPOINT_KIND = var.endpoint.kind",
        r'ENDPOINT_KIND = var.endpoint.kind, DATABASE = "postgres://root:hunter2@db"',
        r"aws_lambda_function",
    ),
    Mutation(
        "published-spec-isolates-from-the-network",
        "sagemaker-training/main.tf",
        r"(network_isolation +=) true",
        r"\1 false",
        r"training.aws_ssm_parameter",
    ),
    Mutation(
        "published-spec-isolates-from-the-network",
        "sagemaker-endpoint/main.tf",
        r"(network_isolation +=) .*",
        r"\1 false",
        r"endpoint.*aws_ssm_parameter",
    ),
    Mutation(
        "published-spec-encrypts-traffic-between-containers",
        "sagemaker-training/main.tf",
        r"(encrypt_inter_container_traffic =) true",
        r"\1 false",
        r"training.aws_ssm_parameter",
    ),
    Mutation(
        "published-spec-names-the-key",
        "sagemaker-endpoint/main.tf",
        r"(kms_key_arn +=) var.kms_key_arn",
        r"\1 null",
        r"endpoint.*aws_ssm_parameter",
    ),
    Mutation(
        "published-spec-bounds-the-cost-of-a-job",
        "sagemaker-training/main.tf",
        r"(max_wait_seconds +=) .*",
        r"\1 60",
        r"training.aws_ssm_parameter",
    ),
]

EVENTS = [
    Mutation(
        "event-that-cannot-be-delivered-is-kept",
        "codepipeline/events.tf",
        r"\n *dead_letter_config \{[^}]*\}(?=\s+retry_policy \{[^}]*\}\s+input_transformer)",
        "",
        r"aws_cloudwatch_event_target.failed",
    ),
    Mutation(
        "event-retries-are-bounded",
        "codepipeline/events.tf",
        r"\n *retry_policy \{[^}]*\}(?=\s+input_transformer)",
        "",
        r"aws_cloudwatch_event_target.failed",
    ),
    Mutation(
        "event-pattern-names-its-source",
        "codepipeline/events.tf",
        r"^ *detail      = \{ pipeline.*\n",
        "",
        r"aws_cloudwatch_event_rule.failed",
    ),
    Mutation(
        "schedule-starts-no-work-every-minute",
        "codepipeline/events.tf",
        END,
        """
resource "aws_cloudwatch_event_rule" "often" {
  name                = "often"
  schedule_expression = "rate(1 minute)"
}
""",
        r"aws_cloudwatch_event_rule.often",
    ),
    Mutation(
        "dead-letters-outlive-a-long-weekend",
        "lambda-invoker/main.tf",
        r"(message_retention_seconds =) .*",
        r"\1 3600",
        r"invoker.*aws_sqs_queue",
    ),
    Mutation(
        "alarm-tells-somebody",
        "sagemaker-endpoint/alarms.tf",
        r"^ *alarm_actions .*\n(?=(.*\n){3,5}  metric_query)",
        "",
        r"aws_cloudwatch_metric_alarm.share",
    ),
    Mutation(
        "budget-tells-at-80-100-and-forecast",
        "cost-budget/main.tf",
        r"^ *subscriber_sns_topic_arns .*\n",
        "",
        r"aws_budgets_budget",
    ),
    Mutation(
        "budget-tells-at-80-100-and-forecast",
        "cost-budget/main.tf",
        r'^ *\{ kind = "FORECASTED".*\n',
        "",
        r"aws_budgets_budget",
    ),
]

FUNCTIONS = [
    Mutation(
        "function-is-not-public",
        "lambda-invoker/main.tf",
        END,
        """
resource "aws_lambda_permission" "open" {
  function_name = aws_lambda_function.this.function_name
  action        = "lambda:InvokeFunction"
  principal     = "s3.amazonaws.com"
}
""",
        r"aws_lambda_permission.open",
    ),
    Mutation(
        "function-is-not-public",
        "lambda-invoker/main.tf",
        END,
        """
resource "aws_lambda_function_url" "open" {
  function_name      = aws_lambda_function.this.function_name
  authorization_type = "NONE"
}
""",
        r"aws_lambda_function_url.open",
    ),
    Mutation("function-ends", "lambda-invoker/main.tf", r"(timeout +=) .*", r"\1 3", r"aws_lambda_function"),
    Mutation(
        "function-keeps-failed-events",
        "lambda-invoker/main.tf",
        r"\n *dead_letter_config \{[^}]*\}",
        "",
        r"aws_lambda_function",
    ),
    Mutation(
        "function-writes-its-log-to-a-group-of-ours",
        "lambda-invoker/main.tf",
        r"(log_group  =) .*",
        r'\1 "/aws/lambda/any"',
        r"aws_lambda_function",
    ),
]

RETRAINING = [
    Mutation(
        "function-that-a-queue-feeds-has-a-ceiling",
        "retraining/queue.tf",
        r"\n *scaling_config \{[^}]*\}",
        "",
        r"retraining.aws_lambda_function",
    ),
]

NETWORK = [
    Mutation(rule, f"network/{file}", old, new, at)
    for rule, file, old, new, at in [
        ("endpoint-policy-is-bounded-to-the-account", "endpoints.tf", INTERFACE_CONDITION, r"\1", "interface"),
        ("endpoint-has-a-policy", "endpoints.tf", r"^ *policy +=.*gateway.json\n", "", "gateway"),
        ("nothing-reaches-the-internet", "main.tf", PREFIX_LIST, r'cidr_ipv4 = "0.0.0.0/0"', "to_gateways"),
        ("nothing-reaches-in-from-the-internet", "endpoints.tf", FROM_WORKLOADS, r'\1cidr_ipv4 = "0.0.0.0/0"', "from"),
        ("network-keeps-flow-logs", "flow-logs.tf", r'(traffic_type +=) "ALL"', r'\1 "REJECT"', "aws_vpc"),
        (
            "default-security-group-is-closed",
            "main.tf",
            DEFAULT_GROUP,
            r"\1  ingress {\n    protocol = -1\n    self = true\n    from_port = 0\n    to_port = 0\n  }\n",
            "aws_vpc",
        ),
        ("subnet-gives-no-public-addresses", "main.tf", r"(map_public_ip_on_launch =) false", r"\1 true", "private"),
    ]
]

NOTEBOOKS = [
    Mutation(rule, f"sagemaker-notebook/{file}", old, new, "aws_sagemaker_notebook_instance.this")
    for rule, file, old, new in [
        ("notebook-has-no-direct-internet", "main.tf", r'(direct_internet_access +=) "Disabled"', r'\1 "Enabled"'),
        ("notebook-user-is-not-root", "main.tf", r'(root_access +=) "Disabled"', r'\1 "Enabled"'),
        ("notebook-needs-imds-v2", "main.tf", r'(service_version =) "2"', r'\1 "1"'),
        ("notebook-platform-is-maintained", "main.tf", r"(platform_identifier +=) .*", r'\1 "notebook-al1-v1"'),
        ("notebook-stops-itself", "main.tf", r"^ *lifecycle_config_name .*\n", ""),
        ("customer-managed-key", "main.tf", r"^ *kms_key_id .*\n", ""),
    ]
]

MUTATIONS = IDENTITY + ENCRYPTION + STORAGE + BUILDS + EVENTS + FUNCTIONS + RETRAINING + NETWORK + NOTEBOOKS


def batches() -> list[list[Mutation]]:
    """Return the mutations in few groups that can be made at once: none changes a file that another one changes."""
    made: list[list[Mutation]] = []
    for mutation in MUTATIONS:
        free = next((batch for batch in made if all(mutation.file != other.file for other in batch)), None)
        if free is None:
            made.append(free := [])
        free.append(mutation)
    return made
