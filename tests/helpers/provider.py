"""A provider of identities on this machine that speaks OpenID Connect, and lets anyone in."""

import json
import threading
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET, CODE = "lxmert-viz", "a secret of the client", "the code"


@contextmanager
def provider(**person: object) -> Iterator[str]:
    """The address of its metadata. person: what it says of whoever logs in."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    address = f"http://localhost:{server.server_port}"
    server.RequestHandlerClass = _handler(address, person)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"{address}/.well-known/openid-configuration"
    finally:
        server.shutdown()
        server.server_close()


def _handler(issuer: str, person: dict[str, object]) -> type[BaseHTTPRequestHandler]:
    key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
    asked: dict[str, str] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path)
            if path.path == "/authorize":
                query = {name: values[0] for name, values in parse_qs(path.query).items()}
                asked.update(query)
                back = urlencode({"code": CODE, "state": query["state"]})
                self.send_response(302)
                self.send_header("Location", f"{query['redirect_uri']}?{back}")
                self.end_headers()
            elif path.path == "/keys":
                self._say({"keys": [key.as_dict(private=False)]})
            else:
                self._say(
                    {
                        "issuer": issuer,
                        "authorization_endpoint": f"{issuer}/authorize",
                        "token_endpoint": f"{issuer}/token",
                        "jwks_uri": f"{issuer}/keys",
                        "id_token_signing_alg_values_supported": ["RS256"],
                    }
                )

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            told = b64decode(self.headers["Authorization"].split()[1]).decode()
            if unquote(told) != f"{CLIENT}:{SECRET}" or form["code"] != [CODE]:
                self.send_error(401)
                return
            now = int(time.time())
            claims = {"iss": issuer, "aud": CLIENT, "sub": "1", "iat": now, "exp": now + 60}
            claims |= person | ({"nonce": asked["nonce"]} if "nonce" in asked else {})
            token = jwt.encode({"alg": "RS256", "kid": "1"}, claims, key)
            self._say({"access_token": "a", "token_type": "Bearer", "id_token": token})

        def _say(self, content: object) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, format: str, *told: object) -> None:
            """Nothing."""

    return Handler
