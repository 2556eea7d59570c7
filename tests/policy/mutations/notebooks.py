"""Edits that loosen the notebook."""

from tests.policy.mutation import Mutation

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
