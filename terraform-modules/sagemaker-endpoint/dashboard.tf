# One page for whoever is woken: what the callers see, what the model does, what the machines do, which alarms ring.

locals {
  # Metrics of the variant are what callers see; metrics of its machines have a namespace of their own.
  graphs = {
    "Requests and failures" = { namespace = "AWS/SageMaker", stat = "Sum", metrics = ["Invocations", "Invocation4XXErrors", "Invocation5XXErrors", "InvocationModelErrors"] }
    "Latency (µs)"          = { namespace = "AWS/SageMaker", stat = "p99", metrics = ["ModelLatency", "OverheadLatency"] }
    "Machines (%)"          = { namespace = "/aws/sagemaker/Endpoints", stat = "Average", metrics = ["CPUUtilization", "MemoryUtilization", "GPUUtilization", "DiskUtilization"] }
  }

  graph_widgets = [
    for position, title in keys(local.graphs) : {
      type   = "metric"
      x      = 8 * position
      y      = 0
      width  = 8
      height = 6
      properties = {
        title   = title
        region  = local.region
        period  = 60
        stat    = local.graphs[title].stat
        metrics = [for metric in local.graphs[title].metrics : [local.graphs[title].namespace, metric, "EndpointName", local.name, "VariantName", local.variant]]
      }
    }
  ]

  alarm_widgets = length(local.alarm_names) == 0 ? [] : [{
    type       = "alarm"
    x          = 0
    y          = 6
    width      = 24
    height     = 3
    properties = { title = "Alarms", alarms = local.alarm_arns }
  }]
  alarm_arns = [for name in values(local.alarm_names) : "arn:${local.partition}:cloudwatch:${local.region}:${local.account}:alarm:${name}"]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = "${local.name}-endpoint" # the name alone is monitoring's
  dashboard_body = jsonencode({ widgets = concat(local.graph_widgets, local.alarm_widgets) })
}
