"""Edits that open buckets and image repositories."""

from tests.policy.mutation import Mutation

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
