"""Who visitors are: the file of `serve --auth`, for a provider that speaks OpenID Connect."""

import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lxmert_viz.errors import OptionError

WANTED = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
LIBRARIES = ("authlib", "httpx")  # of the extra
SHORTEST_SECRET = 32
CALLBACK = "/oauth2callback"


def secrets_of(path: Path) -> dict[str, Any]:
    """Streamlit's section "auth", and "visitors", who may come. Raises OptionError."""
    lacking = [name for name in LIBRARIES if find_spec(name) is None]
    if lacking:
        raise OptionError(f"--auth needs {' and '.join(lacking)}: pip install 'lxmert-viz[auth]'.")
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise OptionError(f"{path} cannot be read as TOML: {error}.") from error
    auth, visitors = told.get("auth"), told.get("visitors", {})
    if not isinstance(auth, dict):
        raise OptionError(f"{path} has no section [auth]; deploy/auth.example.toml shows one.")
    missing = [key for key in WANTED if not isinstance(auth.get(key), str) or not auth[key]]
    if missing:
        raise OptionError(f"{path} lacks {', '.join(missing)} in its section [auth].")
    if not auth["redirect_uri"].endswith(CALLBACK):
        raise OptionError(f"redirect_uri in {path} must be the page's address with {CALLBACK}.")
    if len(auth["cookie_secret"]) < SHORTEST_SECRET:
        raise OptionError(
            f"cookie_secret in {path} is shorter than {SHORTEST_SECRET} letters, and could be "
            "guessed. `openssl rand -hex 32` makes one."
        )
    emails = visitors.get("emails", []) if isinstance(visitors, dict) else None
    if not isinstance(emails, list) or not all(isinstance(e, str) and "@" in e for e in emails):
        raise OptionError(f'emails in {path} must be a list such as ["ada@lab.example"].')
    return {"auth": {key: auth[key] for key in WANTED}, "visitors": {"emails": emails}}
