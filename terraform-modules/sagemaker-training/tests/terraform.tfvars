# What every test of this module begins with.

project        = "salary-prediction"
kms_key_arn    = "arn:aws:kms:eu-west-1:123456789012:key/0"
instance_types = ["ml.g5.2xlarge"]
release        = { stages = ["prod"], pipeline = "salary-prediction-release", approval = "manual" }
buckets = {
  data      = { name = "data", arn = "arn:aws:s3:::data" }
  models    = { name = "models", arn = "arn:aws:s3:::models" }
  artifacts = { name = "artifacts", arn = "arn:aws:s3:::artifacts" }
}
