# What every test of this module begins with.

project         = "salary-prediction"
name            = "train"
artifact_bucket = { name = "artifacts", arn = "arn:aws:s3:::artifacts" }
kms_key_arn     = "arn:aws:kms:eu-west-1:123456789012:key/0"
topic_arn       = "arn:aws:sns:eu-west-1:123456789012:t"
stages = [
  { name = "Source", source = { provider = "CodeCommit", configuration = { RepositoryName = "r" }, policy = "{}" } },
  { name = "Check", build = { buildspec = "buildspecs/check.yml" } },
  { name = "Package", build = { buildspec = "buildspecs/package.yml", privileged = true, namespace = "Package" } },
]
