"""Edits that open the network."""

from tests.policy.mutation import Mutation

INTERFACE_CONDITION = r"\n *condition \{[^}]*PrincipalAccount[^}]*\}(\n  \}\n\}\n\nresource)"
PREFIX_LIST = r"prefix_list_id +=.*"
FROM_WORKLOADS = r'("TLS from the workloads"\n) *referenced_security_group_id .*'
DEFAULT_GROUP = r'(resource "aws_default_security_group" "this" \{\n)'

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
