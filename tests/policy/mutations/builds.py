"""Edits of pipelines, builds and published specifications."""

from tests.policy.mutation import Mutation

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
        "published-spec-names-the-network",
        "model-monitoring/main.tf",
        r"(subnet_ids +=) .*",
        r"\1 []",
        r"monitoring.*aws_ssm_parameter",
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
