variable "function_name" {
  description = "Name of the function (at most 64 characters), whose code gets none of these rights; another name leaves its code able to make interfaces."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.function_name))
    error_message = "function_name: use at most 64 letters, digits, - and _, for example salary-prediction-retrain (got: ${var.function_name})."
  }
}
