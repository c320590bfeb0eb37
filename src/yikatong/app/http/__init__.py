"""The HTTP edge: bounds, authentication, records, idempotency, problem details, OpenAPI, health and metrics."""
