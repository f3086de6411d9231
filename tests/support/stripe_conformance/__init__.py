"""Checks requests and answers against Stripe's public OpenAPI description."""
