"""What unbook promises to programs: the HTTP contract (services/api/openapi.yaml) and the topics' (common/wire/events)."""
