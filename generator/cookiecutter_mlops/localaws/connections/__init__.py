"""CodeStar Connections and its successor CodeConnections: connections to GitHub, GitLab and Bitbucket, as documents.

moto has neither. A connection stays PENDING, as on AWS until a person authorises it in the console.
"""


def install() -> None:
    from cookiecutter_mlops.localaws.connections.responses import CodeConnectionsResponse, CodeStarConnectionsResponse
    from cookiecutter_mlops.localaws.extension import register_service

    register_service("codestar-connections", CodeStarConnectionsResponse)
    register_service("codeconnections", CodeConnectionsResponse)
