# One resource for each protocol, of services that nobody implements here.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100"
    }
  }
}

provider "aws" {}

resource "aws_gamelift_game_session_queue" "json" {
  name = "foreign"
}

resource "aws_cloudsearch_domain" "query" {
  name = "foreign"
}

resource "aws_amplify_app" "rest" {
  name = "foreign"
}
