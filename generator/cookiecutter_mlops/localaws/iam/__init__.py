"""IAM that is enforced: `enforcement` asks before every request, `acting` before what services do in a role's name.

`mlops local up --iam off` switches it off. Read `evaluation` for how policies decide.
"""


def install() -> None:
    from cookiecutter_mlops.localaws.extension import swap_responses
    from cookiecutter_mlops.localaws.iam.responses import IamResponse

    swap_responses("iam", IamResponse)
