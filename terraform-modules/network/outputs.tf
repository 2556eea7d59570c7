output "vpc_id" {
  description = "ID of the VPC."
  value       = aws_vpc.this.id
}

output "subnet_ids" {
  description = "IDs of the private subnets, one per zone."
  value       = aws_subnet.private[*].id

  # Whatever starts in a subnet must find its doors open.
  depends_on = [aws_route_table_association.private, aws_vpc_endpoint.interface, aws_vpc_endpoint.gateway, aws_route.nat]
}

output "security_group_ids" {
  description = "Security group of the workloads, as a list of one."
  value       = [aws_security_group.workloads.id]
}

output "reaches_package_index" {
  description = "Whether a build inside can install Python packages: through NAT, or from CodeArtifact through its endpoints."
  value       = var.nat || length(setsubtract(["codeartifact.api", "codeartifact.repositories"], var.interface_endpoints)) == 0
}
