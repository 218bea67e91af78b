"""Read the settings for a command, and say which are wrong.

Apart from serve.py, which loads the whole web server: `onbeat run` and `onbeat check` need the settings and no server, and start in half
the time.

Called by: serve, run, check, test, backup, doctor.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from onbeat.errors import UserError
from onbeat.settings import CONFIG_FILE, Settings


def load_settings(given: Mapping[str, Any]) -> Settings:
    """The settings; what is given wins, None is not given. Raises UserError that names each wrong one."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as wrong:
        told = [f"ONBEAT_{_name(error['loc'])}: {error['msg']}" for error in wrong.errors(include_url=False)]
        raise UserError("\n".join([*told, f"these are set on the command line, in the environment or in {CONFIG_FILE}"])) from None
    except ValueError as wrong:
        raise UserError(f"the settings cannot be read ({wrong}); lists in the environment are JSON: ONBEAT_FLOWS='[\"flows\"]'") from None


def _name(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location)).upper()
