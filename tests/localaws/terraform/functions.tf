# What stands around a function: versions, URLs, layers, gateways, state machines.

resource "aws_lambda_layer_version" "this" {
  layer_name          = "every-kind"
  filename            = var.function
  source_code_hash    = filebase64sha256(var.function)
  compatible_runtimes = ["python3.12"]
  description         = "Generation ${var.generation}"
}

resource "aws_lambda_function" "published" {
  function_name                  = "every-kind-published"
  description                    = "Generation ${var.generation}"
  role                           = aws_iam_role.this.arn
  handler                        = "app.handler.handler"
  runtime                        = "python3.12"
  architectures                  = ["arm64"]
  filename                       = var.function
  source_code_hash               = filebase64sha256(var.function)
  memory_size                    = 256
  publish                        = true
  reserved_concurrent_executions = 2 * var.generation
  kms_key_arn                    = aws_kms_key.this.arn

  ephemeral_storage {
    size = 1024
  }

  vpc_config {
    subnet_ids         = aws_subnet.this[*].id
    security_group_ids = [aws_security_group.this.id]
  }
}

resource "aws_lambda_alias" "this" {
  name             = "live"
  description      = "Generation ${var.generation}"
  function_name    = aws_lambda_function.published.function_name
  function_version = aws_lambda_function.published.version
}

resource "aws_lambda_function_url" "this" {
  function_name      = aws_lambda_function.this.function_name
  authorization_type = "AWS_IAM"

  cors {
    allow_origins = ["https://${var.generation}.example.com"]
    allow_methods = ["POST"]
    max_age       = 3600
  }
}

resource "aws_apigatewayv2_api" "this" {
  name          = "every-kind"
  description   = "Generation ${var.generation}"
  protocol_type = "HTTP"
  tags          = local.tags
}

resource "aws_apigatewayv2_integration" "this" {
  api_id                 = aws_apigatewayv2_api.this.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.this.invoke_arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 10000 * var.generation
}

resource "aws_apigatewayv2_route" "this" {
  api_id    = aws_apigatewayv2_api.this.id
  route_key = "POST /v${var.generation}/predict"
  target    = "integrations/${aws_apigatewayv2_integration.this.id}"
}

resource "aws_apigatewayv2_stage" "this" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "prod"
  description = "Generation ${var.generation}"
  auto_deploy = true
  tags        = local.tags

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.this.arn
    format          = "$context.requestId"
  }

  default_route_settings {
    throttling_burst_limit = 10 * var.generation
    throttling_rate_limit  = 10
  }
}

resource "aws_api_gateway_rest_api" "this" {
  name        = "every-kind"
  description = "Generation ${var.generation}"
  tags        = local.tags
}

resource "aws_api_gateway_resource" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_rest_api.this.root_resource_id
  path_part   = "predict-${var.generation}"
}

resource "aws_api_gateway_method" "this" {
  rest_api_id      = aws_api_gateway_rest_api.this.id
  resource_id      = aws_api_gateway_resource.this.id
  http_method      = "POST"
  authorization    = "AWS_IAM"
  api_key_required = var.generation > 1
}

resource "aws_api_gateway_integration" "this" {
  rest_api_id             = aws_api_gateway_rest_api.this.id
  resource_id             = aws_api_gateway_resource.this.id
  http_method             = aws_api_gateway_method.this.http_method
  type                    = "AWS_PROXY"
  integration_http_method = "POST"
  uri                     = aws_lambda_function.this.invoke_arn
  timeout_milliseconds    = 10000 * var.generation
}

resource "aws_api_gateway_deployment" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  description = "Generation ${var.generation}"
  depends_on  = [aws_api_gateway_integration.this]
}

resource "aws_api_gateway_stage" "this" {
  rest_api_id   = aws_api_gateway_rest_api.this.id
  deployment_id = aws_api_gateway_deployment.this.id
  stage_name    = "prod"
  description   = "Generation ${var.generation}"
  tags          = local.tags
}

resource "aws_sfn_state_machine" "this" {
  name     = "every-kind"
  role_arn = aws_iam_role.this.arn
  tags     = local.tags

  definition = jsonencode({
    Comment = "Generation ${var.generation}"
    StartAt = "Done"
    States  = { Done = { Type = "Succeed" } }
  })
}

resource "aws_wafv2_web_acl" "this" {
  name        = "every-kind"
  description = "Generation ${var.generation}"
  scope       = "REGIONAL"
  tags        = local.tags

  default_action {
    allow {}
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "every-kind"
    sampled_requests_enabled   = var.generation > 1
  }
}
