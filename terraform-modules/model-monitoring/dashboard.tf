# One page about a stage: what is asked, how fast and how well it is answered, what it costs, what the pipelines do.

locals {
  endpoint = ["EndpointName", var.endpoint_name, "VariantName", "AllTraffic"]
  of_stage = ["Stage", var.stage]

  # Title, metrics, statistic and horizontal lines of each chart, in the order of reading.
  charts = [
    {
      title   = "Requests"
      stat    = "Sum"
      metrics = [concat(["AWS/SageMaker", "Invocations"], local.endpoint)]
    },
    {
      title   = "Errors"
      stat    = "Sum"
      metrics = [for kind in ["4XX", "5XX"] : concat(["AWS/SageMaker", "Invocation${kind}Errors"], local.endpoint)]
    },
    {
      title   = "Model latency, 99th percentile (microseconds)"
      stat    = "p99"
      metrics = [concat(["AWS/SageMaker", "ModelLatency"], local.endpoint)]
    },
    {
      title   = "Drift, as a multiple of the threshold"
      stat    = "Maximum"
      metrics = [concat([local.namespace, "Drift"], local.of_stage)]
      search  = "SEARCH('{${local.namespace},Stage,Feature} MetricName=\"Drift\" Stage=\"${var.stage}\"', 'Maximum')"
    },
    {
      title   = "Drifted columns and broken rules"
      stat    = "Maximum"
      metrics = [for name in ["DriftedFeatures", "Violations"] : concat([local.namespace, name], local.of_stage)]
    },
    {
      title   = "Quality with ground truth, and its loss since training"
      stat    = "Maximum"
      metrics = [for name in ["Quality", "QualityLoss"] : concat([local.namespace, name], local.of_stage)]
    },
    {
      title   = "Instances looked at"
      stat    = "Maximum"
      metrics = [concat([local.namespace, "Rows"], local.of_stage)]
    },
    {
      title   = "Pipelines: failed executions"
      stat    = "Sum"
      metrics = [for name in var.pipelines : ["AWS/CodePipeline", "FailedPipelineExecutions", "PipelineName", name]]
    },
    {
      title   = "Estimated charges of the account this month (US dollars; needs billing alerts, us-east-1)"
      stat    = "Maximum"
      region  = "us-east-1"
      metrics = [["AWS/Billing", "EstimatedCharges", "Currency", "USD"]]
    },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = "${var.project}-${var.stage}"

  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type = "alarm", x = 0, y = 0, width = 24, height = 2
        properties = {
          title  = "Alarms"
          alarms = concat([for alarm in aws_cloudwatch_metric_alarm.window : alarm.arn], [aws_cloudwatch_metric_alarm.failed.arn, aws_cloudwatch_metric_alarm.undelivered.arn])
        }
      }],
      [
        for place, chart in local.charts : {
          type = "metric", x = place % 3 * 8, y = 2 + floor(place / 3) * 6, width = 8, height = 6
          properties = {
            title   = chart.title
            view    = "timeSeries"
            region  = try(chart.region, local.region)
            stat    = chart.stat
            period  = try(chart.region, null) == null ? 300 : 21600
            metrics = concat(chart.metrics, try([[{ expression = chart.search, id = "features" }]], []))
          }
        }
      ],
    )
  })
}
