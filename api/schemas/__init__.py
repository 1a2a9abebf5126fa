"""Requests and answers of the service as OpenAPI describes them, a module for each of its routes."""
