"""Custom parameters as Moodle keeps them: lines `key=value`."""

from pydantic import JsonValue


def custom_from_json(value: JsonValue) -> dict[str, str]:
    """Return a tool's custom parameters; numbers become text, a newline splits a value into a second parameter."""
    if not isinstance(value, dict):
        return {}
    return custom_from_lines("\n".join(f"{key}={one}" for key, one in value.items()))


def custom_from_lines(text: str) -> dict[str, str]:
    """Return what the lines of a form's text area say; lines without `=` are dropped."""
    parts = (line.partition("=") for line in text.splitlines())
    return {key.strip(): rest.strip() for key, found, rest in parts if found and key.strip()}


def lines_from_custom(custom: dict[str, str]) -> str:
    """Return the lines that a form shows."""
    return "\n".join(f"{key}={value}" for key, value in custom.items())
