# One private bucket with everything on: ownership, no public access, versioning, encryption, lifecycle, logs, events.

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_144:a second copy of 80 TB is a decision on cost; versions protect from mistakes
  #checkov:skip=CKV_AWS_145:S3 delivers access logs only to buckets with its own key; all others have ours
  #checkov:skip=CKV_AWS_18:only the bucket that receives the access logs writes none of its own
  bucket        = var.name
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    # The bucket key replaces a KMS request per object by one per bucket and hour.
    bucket_key_enabled = var.kms_key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  #checkov:skip=CKV_AWS_300:the first rule aborts uploads in the whole bucket; checkov asks it of every rule
  bucket = aws_s3_bucket.this.id

  rule {
    id     = "noncurrent-versions"
    status = "Enabled"
    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  dynamic "rule" {
    for_each = var.expirations

    content {
      id     = "expire-${rule.key == "" ? "all" : rule.key}"
      status = "Enabled"

      filter {
        prefix = rule.key
      }

      expiration {
        days = rule.value
      }
    }
  }

  dynamic "rule" {
    for_each = var.archive == null ? [] : [var.archive]

    content {
      id     = "intelligent-tiering"
      status = "Enabled"

      filter {
        prefix = rule.value.prefix
      }

      transition {
        days          = 0
        storage_class = "INTELLIGENT_TIERING"
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_intelligent_tiering_configuration" "archive" {
  count = var.archive == null ? 0 : 1

  bucket = aws_s3_bucket.this.id
  name   = "archive"

  dynamic "filter" {
    for_each = var.archive.prefix == "" ? [] : [var.archive.prefix]

    content {
      prefix = filter.value
    }
  }

  tiering {
    access_tier = "ARCHIVE_ACCESS"
    days        = var.archive.archive_days
  }

  tiering {
    access_tier = "DEEP_ARCHIVE_ACCESS"
    days        = var.archive.deep_archive_days
  }
}

resource "aws_s3_bucket_logging" "this" {
  count = var.access_log_bucket == null ? 0 : 1

  bucket        = aws_s3_bucket.this.id
  target_bucket = var.access_log_bucket
  target_prefix = "${var.name}/"
}

resource "aws_s3_bucket_notification" "this" {
  bucket      = aws_s3_bucket.this.id
  eventbridge = true
}
