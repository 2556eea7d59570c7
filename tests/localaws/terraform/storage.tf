# Every sub-resource of an S3 bucket.

resource "aws_s3_bucket" "whole" {
  bucket        = "every-kind-whole-123456789012"
  force_destroy = true
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.whole.id

  versioning_configuration {
    status = var.generation == 1 ? "Enabled" : "Suspended"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.whole.id

  rule {
    bucket_key_enabled = var.generation == 1

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.this.arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.whole.id
  block_public_acls       = var.generation > 1
  block_public_policy     = true
  ignore_public_acls      = var.generation > 1
  restrict_public_buckets = true
}

resource "aws_s3_bucket_logging" "this" {
  bucket        = aws_s3_bucket.whole.id
  target_bucket = aws_s3_bucket.this.id
  target_prefix = "log-${var.generation}/"
  depends_on    = [aws_s3_bucket_policy.this]
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.whole.id

  rule {
    object_ownership = var.generation == 1 ? "ObjectWriter" : "BucketOwnerPreferred"
  }
}

resource "aws_s3_bucket_acl" "this" {
  bucket     = aws_s3_bucket.whole.id
  acl        = var.generation == 1 ? "private" : "log-delivery-write"
  depends_on = [aws_s3_bucket_ownership_controls.this]
}

resource "aws_s3_bucket_cors_configuration" "this" {
  bucket = aws_s3_bucket.whole.id

  cors_rule {
    id              = "site"
    allowed_headers = ["*"]
    allowed_methods = ["PUT", "POST"]
    allowed_origins = ["https://${var.generation}.example.com"]
    expose_headers  = ["ETag"]
    max_age_seconds = 3000
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket     = aws_s3_bucket.whole.id
  depends_on = [aws_s3_bucket_versioning.this]

  rule {
    id     = "old"
    status = "Enabled"

    filter {
      prefix = "runs/"
    }

    transition {
      days          = 30
      storage_class = "STANDARD_IA"
    }

    expiration {
      days = 90 * var.generation
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

resource "aws_s3_bucket_metric" "this" {
  bucket = aws_s3_bucket.whole.id
  name   = "raw"

  filter {
    prefix = "raw-${var.generation}/"
  }
}

resource "aws_s3_bucket_analytics_configuration" "this" {
  bucket = aws_s3_bucket.whole.id
  name   = "raw"

  filter {
    prefix = "raw-${var.generation}/"
  }
}

resource "aws_s3_bucket_inventory" "this" {
  bucket                   = aws_s3_bucket.whole.id
  name                     = "weekly"
  included_object_versions = var.generation == 1 ? "All" : "Current"

  schedule {
    frequency = "Weekly"
  }

  destination {
    bucket {
      format     = "Parquet"
      bucket_arn = aws_s3_bucket.this.arn
    }
  }
}

resource "aws_s3_bucket_website_configuration" "this" {
  bucket = aws_s3_bucket.whole.id

  index_document {
    suffix = "index-${var.generation}.html"
  }

  error_document {
    key = "error.html"
  }
}

resource "aws_s3_bucket_accelerate_configuration" "this" {
  bucket = aws_s3_bucket.whole.id
  status = var.generation == 1 ? "Enabled" : "Suspended"
}

resource "aws_s3_bucket_request_payment_configuration" "this" {
  bucket = aws_s3_bucket.whole.id
  payer  = var.generation == 1 ? "BucketOwner" : "Requester"
}

resource "aws_s3_bucket" "locked" {
  bucket              = "every-kind-locked-123456789012"
  force_destroy       = true
  object_lock_enabled = true
}

resource "aws_s3_bucket_object_lock_configuration" "this" {
  bucket = aws_s3_bucket.locked.id

  rule {
    default_retention {
      mode = "GOVERNANCE"
      days = 1 + var.generation
    }
  }
}

resource "aws_s3_object" "encrypted" {
  bucket                 = aws_s3_bucket.whole.id
  key                    = "raw/rows.csv"
  content                = "a,b\n1,${var.generation}\n"
  content_type           = "text/csv"
  server_side_encryption = "aws:kms"
  kms_key_id             = aws_kms_key.this.arn
  tags                   = local.tags
  depends_on             = [aws_s3_bucket_server_side_encryption_configuration.this]
}
