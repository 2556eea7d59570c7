"""Roles are made side by side, as Terraform makes them."""

import json
from concurrent.futures import ThreadPoolExecutor

TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})


def test_roles_can_be_made_at_the_same_time(aws):
    iam = aws.client("iam", attempts=1)
    with ThreadPoolExecutor(16) as pool:
        made = list(
            pool.map(
                lambda n: iam.create_role(RoleName=f"side-by-side-{n}", AssumeRolePolicyDocument=POLICY), range(150)
            )
        )
    assert len({role["Role"]["Arn"] for role in made}) == 150
