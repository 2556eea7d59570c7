"""Edits that take keys, rotation and retention away."""

from tests.policy.mutation import Mutation

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
