# What every test of this module begins with.

project     = "salary-prediction"
stage       = "prod"
instances   = { type = "ml.m5.large" }
kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/0"
topic_arn   = "arn:aws:sns:eu-west-1:123456789012:t"
buckets = {
  data   = { name = "data", arn = "arn:aws:s3:::data" }
  models = { name = "models", arn = "arn:aws:s3:::models" }
}
registry = {
  model_package_group    = "salary-prediction"
  image_repository_arn   = "arn:aws:ecr:eu-west-1:123456789012:repository/salary-prediction"
  training_parameter_arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/salary-prediction/training"
}
