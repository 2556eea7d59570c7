# What every test of this module begins with.

project              = "credit-risk"
stage                = "prod"
endpoint_name        = "credit-risk-prod"
package              = "examples/complete/launch.zip"
image_repository_arn = "arn:aws:ecr:eu-west-1:123456789012:repository/credit-risk"
kms_key_arn          = "arn:aws:kms:eu-west-1:123456789012:key/0"
topic_arn            = "arn:aws:sns:eu-west-1:123456789012:credit-risk-notifications"

buckets = {
  data   = { name = "data", arn = "arn:aws:s3:::data" }
  models = { name = "models", arn = "arn:aws:s3:::models" }
}
