"""URLs of databases. It changes with how they are written."""

from urllib.parse import urlsplit


def database_url(stack_url: str, name: str) -> str:
    """The URL of another database on the same server."""
    return urlsplit(stack_url)._replace(path=f"/{name}").geturl()


def without_password(url: str) -> str:
    """The URL as it may be shown."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts._replace(netloc=f"{host}:{parts.port}" if parts.port else host, query="").geturl()
