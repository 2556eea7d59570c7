# Answered calls as a table, while batch inference is on (variable batch): Athena reads the Parquet that its jobs write
# (inference/table.py has the same columns). Days need no crawler: their folders are known by name.

locals {
  calls_database = replace(var.project_slug, "-", "_")
  calls_stages   = toset(keys(module.batch))
}

resource "aws_glue_catalog_database" "calls" {
  count = var.batch == null ? 0 : 1

  name        = local.calls_database
  description = "Calls that ${var.project_slug} has answered"
}

resource "aws_glue_catalog_table" "calls" {
  for_each = local.calls_stages

  name          = "calls_${each.key}"
  description   = "A row for each call, redacted, by the day in the path of its file: input/day=2026-01-31/…"
  database_name = aws_glue_catalog_database.calls[0].name
  table_type    = "EXTERNAL_TABLE"

  parameters = {
    "EXTERNAL"                  = "TRUE"
    "classification"            = "parquet"
    "projection.enabled"        = "true"
    "projection.day.type"       = "date"
    "projection.day.format"     = "yyyy-MM-dd"
    "projection.day.range"      = "2020-01-01,NOW+1DAY"
    "storage.location.template" = "${module.batch[each.key].output_s3_uri}day=$${day}/"
  }

  partition_keys {
    name = "day"
    type = "date"
  }

  storage_descriptor {
    location      = module.batch[each.key].output_s3_uri
    input_format  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"

    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    }

    dynamic "columns" {
      for_each = jsondecode(file("${path.module}/calls.json"))

      content {
        name    = columns.value.name
        type    = columns.value.type
        comment = columns.value.comment
      }
    }
  }
}

# Whoever may use it finds the queries saved in it; results are encrypted, and a query that reads too much is ended.
resource "aws_athena_workgroup" "calls" {
  count = var.batch == null ? 0 : 1

  name          = "${var.project_slug}-calls"
  description   = "Questions about calls that ${var.project_slug} has answered"
  force_destroy = var.force_destroy

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = 100 * 1024 * 1024 * 1024

    result_configuration {
      output_location = "s3://${local.buckets.data.name}/athena/"

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = module.key.arn
      }
    }
  }
}

resource "aws_athena_named_query" "intents_per_day" {
  for_each = local.calls_stages

  name        = "intents-per-day-${each.key}"
  description = "How many callers wanted what, on each of the last 30 days"
  workgroup   = aws_athena_workgroup.calls[0].id
  database    = aws_glue_catalog_database.calls[0].name

  query = <<-SQL
    SELECT day, intent, count(*) AS calls
    FROM ${aws_glue_catalog_table.calls[each.key].name}
    CROSS JOIN UNNEST(intents) AS wanted (intent)
    WHERE day > current_date - INTERVAL '30' DAY
    GROUP BY day, intent
    ORDER BY day, calls DESC
  SQL
}
