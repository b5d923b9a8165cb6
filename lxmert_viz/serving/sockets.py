"""Where a server listens."""

import socket

from lxmert_viz.errors import AddressError

FIRST_PORT, PORTS = 8501, 100  # where nobody names one: the first that is free


def listening(host: str, port: int | None) -> socket.socket:
    """Where the page is served. Raises AddressError where nothing can listen."""
    ports = range(FIRST_PORT, FIRST_PORT + PORTS) if port is None else [port]
    problem = ""
    for wanted in ports:
        try:
            # a browser that is told localhost tries 127.0.0.1 too, but an old one not ::1
            address = "127.0.0.1" if host == "localhost" else host
            family, *_, place = socket.getaddrinfo(address, wanted, type=socket.SOCK_STREAM)[0]
            return socket.create_server(place[:2], family=family, backlog=2048)
        except OSError as error:
            problem = error.strerror or str(error)
    where = host if port is None else f"{host}, port {port}"
    raise AddressError(
        f"The page cannot be served at {where} ({problem}); choose another --port or --host."
    )
