# How traffic moves to a new model.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

run "two_instances_begin_with_a_canary" {
  command = plan

  variables {
    instances = { type = "ml.m5.large", count = 2 }
  }

  assert {
    condition     = local.routing.Type == "CANARY" && local.routing.CanarySize.Value == 10
    error_message = "an update must begin with a tenth"
  }
}

run "linear_shift_is_declared" {
  command = plan

  variables {
    instances     = { type = "ml.m5.large", count = 4 }
    traffic_shift = { kind = "linear", percent = 25, wait_seconds = 120 }
  }

  assert {
    condition     = local.routing.LinearStepSize.Value == 25 && local.routing.WaitIntervalInSeconds == 120
    error_message = "traffic must move by quarters"
  }
}

run "without_alarms_traffic_moves_at_once" {
  command = plan

  variables {
    instances = { type = "ml.m5.large", count = 2 }
    alarms    = null
  }

  assert {
    condition     = local.routing.Type == "ALL_AT_ONCE" && output.alarms == []
    error_message = "a canary without alarms would wait for nothing"
  }
}

run "canary_on_one_instance_is_refused" {
  command = plan

  variables {
    traffic_shift = { kind = "canary" }
  }

  expect_failures = [var.traffic_shift]
}

run "canary_of_60_percent_is_refused" {
  command = plan

  variables {
    instances     = { type = "ml.m5.large", count = 2 }
    traffic_shift = { kind = "canary", percent = 60 }
  }

  expect_failures = [var.traffic_shift]
}

run "unknown_shift_is_refused" {
  command = plan

  variables {
    instances     = { type = "ml.m5.large", count = 2 }
    traffic_shift = { kind = "rolling" }
  }

  expect_failures = [var.traffic_shift]
}

run "wait_of_two_hours_is_refused" {
  command = plan

  variables {
    traffic_shift = { kind = "all-at-once", wait_seconds = 7200 }
  }

  expect_failures = [var.traffic_shift]
}

run "serverless_with_shift_is_refused" {
  command = plan

  variables {
    kind          = "serverless"
    instances     = null
    serverless    = { memory_mb = 1024, max_concurrency = 5 }
    traffic_shift = { kind = "all-at-once" }
  }

  expect_failures = [var.traffic_shift]
}

run "canary_without_alarms_is_refused" {
  command = plan

  variables {
    instances     = { type = "ml.m5.large", count = 2 }
    traffic_shift = { kind = "canary" }
    alarms        = null
  }

  expect_failures = [var.traffic_shift]
}
