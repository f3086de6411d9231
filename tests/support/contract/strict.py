"""A schema as the sender must keep it."""


def strict(schema):
    """The same, but an object has no fields beside those that stand there. (A reader ignores fields that it does not know; a field that
    we send and do not describe is a leak or a gap in the description.)"""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: strict(part) for name, part in schema.items()}
    if made.get("type") == "object" and isinstance(made.get("properties"), dict):
        made.setdefault("additionalProperties", False)
    return made
