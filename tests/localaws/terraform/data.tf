# Tables, catalogues, queries and streams.

resource "aws_dynamodb_table" "this" {
  name             = "every-kind"
  billing_mode     = "PAY_PER_REQUEST"
  hash_key         = "id"
  range_key        = "at"
  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"
  tags             = local.tags

  attribute {
    name = "id"
    type = "S"
  }

  attribute {
    name = "at"
    type = "N"
  }

  attribute {
    name = "stage"
    type = "S"
  }

  global_secondary_index {
    name            = "stage"
    hash_key        = "stage"
    range_key       = "at"
    projection_type = "ALL"
  }

  ttl {
    attribute_name = "expires"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = var.generation == 1
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.this.arn
  }
}

resource "aws_dynamodb_table_item" "this" {
  table_name = aws_dynamodb_table.this.name
  hash_key   = "id"
  range_key  = "at"
  item       = jsonencode({ id = { S = "first" }, at = { N = "1" }, generation = { N = tostring(var.generation) } })
}

resource "aws_glue_catalog_database" "this" {
  name        = "every_kind"
  description = "Generation ${var.generation}"
}

resource "aws_glue_catalog_table" "this" {
  name          = "rows"
  description   = "Generation ${var.generation}"
  database_name = aws_glue_catalog_database.this.name
  table_type    = "EXTERNAL_TABLE"
  parameters    = { EXTERNAL = "TRUE", classification = "parquet" }

  storage_descriptor {
    location      = "s3://${aws_s3_bucket.this.id}/rows/"
    input_format  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"

    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    }

    columns {
      name = "amount"
      type = "double"
    }
  }

  partition_keys {
    name = "day"
    type = "string"
  }
}

resource "aws_glue_job" "this" {
  name              = "every-kind"
  description       = "Generation ${var.generation}"
  role_arn          = aws_iam_role.this.arn
  glue_version      = "4.0"
  worker_type       = "G.1X"
  number_of_workers = 1 + var.generation
  timeout           = 60
  tags              = local.tags

  command {
    script_location = "s3://${aws_s3_bucket.this.id}/job.py"
    python_version  = "3"
  }

  default_arguments = { "--job-language" = "python" }
}

resource "aws_glue_crawler" "this" {
  name          = "every-kind"
  description   = "Generation ${var.generation}"
  database_name = aws_glue_catalog_database.this.name
  role          = aws_iam_role.this.arn
  schedule      = "cron(15 ${var.generation} * * ? *)"
  tags          = local.tags

  s3_target {
    path = "s3://${aws_s3_bucket.this.id}/rows/"
  }
}

resource "aws_athena_workgroup" "this" {
  name          = "every-kind"
  description   = "Generation ${var.generation}"
  force_destroy = true
  tags          = local.tags

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = var.generation == 1
    bytes_scanned_cutoff_per_query     = 10485760 * var.generation

    result_configuration {
      output_location = "s3://${aws_s3_bucket.this.id}/athena/"

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = aws_kms_key.this.arn
      }
    }
  }
}

resource "aws_athena_named_query" "this" {
  name        = "every-kind"
  description = "Generation ${var.generation}"
  workgroup   = aws_athena_workgroup.this.id
  database    = aws_glue_catalog_database.this.name
  query       = "SELECT count(*) FROM rows"
}

resource "aws_kinesis_stream" "this" {
  name             = "every-kind"
  retention_period = 24 * var.generation
  tags             = local.tags

  stream_mode_details {
    stream_mode = "ON_DEMAND"
  }
}

resource "aws_kinesis_firehose_delivery_stream" "this" {
  name        = "every-kind"
  destination = "extended_s3"
  tags        = local.tags

  extended_s3_configuration {
    role_arn           = aws_iam_role.this.arn
    bucket_arn         = aws_s3_bucket.this.arn
    prefix             = "stream/"
    buffering_interval = 60 * var.generation
    buffering_size     = 64
  }
}
