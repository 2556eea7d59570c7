"""Edits of Lambda functions."""

from tests.policy.mutation import END, Mutation

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
    Mutation(
        "function-that-a-queue-feeds-has-a-ceiling",
        "retraining/queue.tf",
        r"\n *scaling_config \{[^}]*\}",
        "",
        r"retraining.aws_lambda_function",
    ),
    *(
        Mutation("function-runs-in-the-network", file, r"(for_each =) var.network == null.*", r"\1 []", at)
        for file, at in [
            ("retraining/main.tf", r"retraining.aws_lambda_function"),
            ("model-monitoring/launcher.tf", r"monitoring.*aws_lambda_function"),
            ("lambda-invoker/main.tf", r"invoker.*aws_lambda_function"),
        ]
    ),
]
