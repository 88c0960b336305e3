"""Terraform and OpenTofu: what helm_release resources declare."""
