resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/foreign"
  retention_in_days = 14
  log_group_class   = "STANDARD"
  skip_destroy      = false
}

resource "aws_lambda_function" "this" {
  function_name                  = "foreign"
  description                    = "Of other people"
  role                           = aws_iam_role.this["lambda"].arn
  handler                        = "handler.handler"
  runtime                        = "python3.11"
  architectures                  = ["arm64"]
  filename                       = var.function
  source_code_hash               = filebase64sha256(var.function)
  publish                        = true
  memory_size                    = 256
  timeout                        = 30
  reserved_concurrent_executions = 2
  kms_key_arn                    = aws_kms_key.this.arn
  environment { variables = { STAGE = "test" } }
  ephemeral_storage { size = 1024 }
  tracing_config { mode = "Active" }
  dead_letter_config { target_arn = aws_sqs_queue.dead.arn }
  logging_config {
    log_format            = "JSON"
    application_log_level = "INFO"
    system_log_level      = "WARN"
    log_group             = aws_cloudwatch_log_group.this.name
  }
  depends_on = [aws_iam_role_policy_attachment.this]
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version
}

resource "aws_lambda_function_event_invoke_config" "live" {
  function_name                = aws_lambda_function.this.function_name
  qualifier                    = aws_lambda_alias.live.name
  maximum_event_age_in_seconds = 60
  maximum_retry_attempts       = 0
  destination_config {
    on_failure { destination = aws_sqs_queue.dead.arn }
  }
}

resource "aws_lambda_function_url" "live" {
  function_name      = aws_lambda_function.this.function_name
  qualifier          = aws_lambda_alias.live.name
  authorization_type = "AWS_IAM"
  cors {
    allow_credentials = true
    allow_origins     = ["https://example.com"]
    allow_methods     = ["GET"]
    max_age           = 86400
  }
}

resource "aws_lambda_permission" "events" {
  statement_id_prefix = "Events-"
  action              = "lambda:InvokeFunction"
  function_name       = aws_lambda_function.this.function_name
  qualifier           = aws_lambda_alias.live.name
  principal           = "events.amazonaws.com"
  source_arn          = aws_cloudwatch_event_rule.this.arn
}

resource "aws_cloudwatch_event_rule" "this" {
  name_prefix    = "foreign-"
  event_bus_name = aws_cloudwatch_event_bus.this.name
  state          = "ENABLED"
  event_pattern  = jsonencode({ source = ["orders"], detail = { total = [{ numeric = [">", 10] }] } })
}

resource "aws_cloudwatch_event_bus" "this" {
  name        = "foreign"
  description = "Orders"
}

resource "aws_cloudwatch_event_target" "function" {
  rule           = aws_cloudwatch_event_rule.this.name
  event_bus_name = aws_cloudwatch_event_bus.this.name
  arn            = aws_lambda_alias.live.arn
  input_transformer {
    input_paths    = { order = "$.detail.id" }
    input_template = "{\"id\": <order>}"
  }
  retry_policy {
    maximum_retry_attempts       = 3
    maximum_event_age_in_seconds = 300
  }
  dead_letter_config { arn = aws_sqs_queue.dead.arn }
}

resource "aws_cloudwatch_event_target" "log" {
  rule           = aws_cloudwatch_event_rule.this.name
  event_bus_name = aws_cloudwatch_event_bus.this.name
  arn            = aws_sqs_queue.this.arn
  sqs_target { message_group_id = "orders" }
}

resource "aws_sqs_queue" "dead" {
  name_prefix               = "foreign-dead-"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue" "this" {
  name                              = "foreign.fifo"
  fifo_queue                        = true
  content_based_deduplication       = true
  deduplication_scope               = "messageGroup"
  fifo_throughput_limit             = "perMessageGroupId"
  kms_master_key_id                 = aws_kms_key.this.arn
  kms_data_key_reuse_period_seconds = 3600
  visibility_timeout_seconds        = 60
  receive_wait_time_seconds         = 10
  delay_seconds                     = 5
  max_message_size                  = 2048
}

resource "aws_sns_topic" "this" {
  name                                  = "foreign"
  display_name                          = "Foreign"
  kms_master_key_id                     = aws_kms_key.this.id
  tracing_config                        = "Active"
  signature_version                     = 2
  sqs_success_feedback_role_arn         = aws_iam_role.this["events"].arn
  sqs_success_feedback_sample_rate      = 50
  lambda_failure_feedback_role_arn      = aws_iam_role.this["events"].arn
  http_success_feedback_sample_rate     = 10
  application_failure_feedback_role_arn = aws_iam_role.this["events"].arn
  delivery_policy = jsonencode({ http = {
    defaultHealthyRetryPolicy    = { minDelayTarget = 20, maxDelayTarget = 20, numRetries = 3, numMaxDelayRetries = 0, numNoDelayRetries = 0, numMinDelayRetries = 0, backoffFunction = "linear" }
    disableSubscriptionOverrides = false
  } })
}

resource "aws_sns_topic_subscription" "this" {
  topic_arn           = aws_sns_topic.this.arn
  protocol            = "sqs"
  endpoint            = aws_sqs_queue.dead.arn
  filter_policy_scope = "MessageBody"
  filter_policy       = jsonencode({ kind = [{ prefix = "order" }] })
  redrive_policy      = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn })
}

resource "aws_vpc" "this" {
  cidr_block                           = "10.60.0.0/16"
  instance_tenancy                     = "default"
  enable_dns_hostnames                 = true
  enable_network_address_usage_metrics = true
}

resource "aws_subnet" "private" {
  for_each = toset(slice(data.aws_availability_zones.available.names, 0, 2))

  vpc_id                                         = aws_vpc.this.id
  availability_zone                              = each.key
  cidr_block                                     = cidrsubnet(aws_vpc.this.cidr_block, 8, index(data.aws_availability_zones.available.names, each.key))
  map_public_ip_on_launch                        = false
  private_dns_hostname_type_on_launch            = "ip-name"
  enable_resource_name_dns_a_record_on_launch    = false
  enable_resource_name_dns_aaaa_record_on_launch = false
}

resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
}

resource "aws_default_network_acl" "this" {
  default_network_acl_id = aws_vpc.this.default_network_acl_id
  subnet_ids             = [for subnet in aws_subnet.private : subnet.id]
  ingress {
    rule_no    = 100
    action     = "allow"
    protocol   = "-1"
    from_port  = 0
    to_port    = 0
    cidr_block = "0.0.0.0/0"
  }
  egress {
    rule_no    = 100
    action     = "allow"
    protocol   = "-1"
    from_port  = 0
    to_port    = 0
    cidr_block = "0.0.0.0/0"
  }
}

resource "aws_default_route_table" "this" {
  default_route_table_id = aws_vpc.this.default_route_table_id
  route                  = []
}

resource "aws_vpc_dhcp_options" "this" {
  domain_name         = "example.internal"
  domain_name_servers = ["AmazonProvidedDNS"]
}

resource "aws_vpc_dhcp_options_association" "this" {
  vpc_id          = aws_vpc.this.id
  dhcp_options_id = aws_vpc_dhcp_options.this.id
}

resource "aws_sagemaker_notebook_instance_lifecycle_configuration" "this" {
  name     = "foreign"
  on_start = base64encode("#!/bin/bash\necho started\n")
}

resource "aws_sagemaker_notebook_instance" "this" {
  name                    = "foreign"
  role_arn                = aws_iam_role.this["sagemaker"].arn
  instance_type           = "ml.t3.medium"
  platform_identifier     = "notebook-al2-v3"
  volume_size             = 20
  root_access             = "Disabled"
  direct_internet_access  = "Disabled"
  subnet_id               = values(aws_subnet.private)[0].id
  security_groups         = [aws_default_security_group.this.id]
  kms_key_id              = aws_kms_key.this.arn
  lifecycle_config_name   = aws_sagemaker_notebook_instance_lifecycle_configuration.this.name
  default_code_repository = "https://github.com/aws/amazon-sagemaker-examples.git"
  instance_metadata_service_configuration { minimum_instance_metadata_service_version = "2" }
}
