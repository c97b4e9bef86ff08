"""What a person at the command line reads where something fails: one line that says what to mend."""

from pydantic import ValidationError
from pydantic_settings import SettingsError
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError, ProgrammingError

from passback.db import database_trouble
from passback.errors import PassbackError
from passback.plugins import PluginLoadError
from passback.settings import OidcSettings, PackageLimits, Settings

PREFIXES = {group.__name__: group.model_config["env_prefix"] for group in (Settings, PackageLimits, OidcSettings)}


def in_one_line(error: Exception) -> str:
    """Return what to tell, "" where the fault is ours and its traceback is wanted."""
    text = ""
    match error:
        case PassbackError() | PluginLoadError():
            text = f"{getattr(error, 'message', error)} {getattr(error, 'advice', '')}"
        case ValidationError():
            findings = [_setting(error.title, one["loc"], one["msg"]) for one in error.errors()]
            text = "\n".join(["these settings are not valid:", *findings])
        case SettingsError():
            text = f'these settings are not valid: {error}. A list is written as JSON: ["one", "two"]'
        case OperationalError() | ProgrammingError():
            text = database_trouble(error)
        case ArgumentError() | NoSuchModuleError():
            text = "PASSBACK_DATABASE_URL is not the address of a database: write postgresql://user:password@host/name."
        case UnicodeEncodeError():
            text = "An argument is not text in UTF-8. Type it in a terminal that speaks UTF-8, or use the id instead."
        case OSError(filename=str() as path, strerror=str() as reason):
            text = f"{path}: {reason}. Local data is kept in the folder that PASSBACK_INSTANCE names; check that one."
    return text.strip()


def _setting(group: str, path: tuple[int | str, ...], text: str) -> str:
    """Return a line for one finding, under the name that people set."""
    text = text.removeprefix("Value error, ")
    name = PREFIXES.get(group, "") + "_".join(str(part).upper() for part in path)
    return f"  {name}: {text}" if path else f"  {text}"
