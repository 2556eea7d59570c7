"""Edits that widen who may do what."""

from tests.policy.mutation import CONDITION, END, Mutation

IDENTITY = [
    Mutation(
        "pass-role-names-exact-roles",
        "sagemaker-training/jobs.tf",
        r'(actions   = \["iam:PassRole"\]\s+resources = )\[.*\]',
        r'\1["arn:${local.partition}:iam::${local.account}:role/${var.project}-*"]',
        r"^data.aws_iam_policy_document.train$|notebook.*aws_iam_role_policy.this",
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
        "lambda-invoker/permissions.tf",
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
        "lambda-invoker/permissions.tf",
        r'actions   = \["sqs:SendMessage"\]',
        'actions   = ["sqs:*"]',
        r"invoker.*policy_document.this",
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
        r"training.data.aws_iam_policy_document.run$",
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
