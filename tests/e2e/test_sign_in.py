"""A researcher signs in through an identity provider: a small real one, whose login needs no form."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

CLIENT = "brainlab"


class Provider(ThreadingHTTPServer):
    """OpenID Connect's authorization code flow, for whoever `email` says is there."""

    email = ""

    def __init__(self) -> None:
        super().__init__(("localhost", 0), Answers)
        self.url = f"http://localhost:{self.server_port}"
        self.key = RSAKey.generate_key(2048, {"kid": "k", "use": "sig", "alg": "RS256"})
        self.nonces: dict[str, str] = {}

    def token(self, code: str) -> str:
        claims = {"iss": self.url, "sub": self.email, "aud": CLIENT, "email": self.email, "email_verified": True}
        claims |= {"nonce": self.nonces[code], "iat": int(time.time()), "exp": int(time.time()) + 600}
        return jwt.encode({"alg": "RS256", "kid": "k"}, claims, self.key)


class Answers(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if asked.path == "/authorize":
            query = {name: values[0] for name, values in parse_qs(asked.query).items()}
            code = f"code-{len(self.server.nonces)}"
            self.server.nonces[code] = query["nonce"]
            self.send_response(302)
            back = urlencode({"code": code, "state": query["state"]})
            self.send_header("Location", f"{query['redirect_uri']}?{back}")
            self.end_headers()
        elif asked.path == "/jwks":
            self._json({"keys": [self.server.key.as_dict(private=False)]})
        else:
            url = self.server.url
            self._json(
                {
                    "issuer": url,
                    "authorization_endpoint": f"{url}/authorize",
                    "token_endpoint": f"{url}/token",
                    "jwks_uri": f"{url}/jwks",
                    "id_token_signing_alg_values_supported": ["RS256"],
                }
            )

    def do_POST(self) -> None:
        given = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        token = self.server.token(given["code"][0])
        self._json({"access_token": "a", "token_type": "Bearer", "expires_in": 600, "id_token": token})

    def _json(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def provider() -> Iterator[Provider]:
    started = Provider()
    threading.Thread(target=started.serve_forever, daemon=True).start()
    yield started
    started.shutdown()


@pytest.fixture
def guarded(provider: Provider, own_server, tmp_path: Path) -> str:
    """Address of an app that trusts nobody at this machine and knows one researcher."""
    secrets = tmp_path / ".streamlit" / "secrets.toml"
    secrets.parent.mkdir()
    secrets.write_text(
        f"""
trust_this_machine = false
researchers = ["ann@hospital.example"]

[auth]
redirect_uri = "{own_server.url}/oauth2callback"
cookie_secret = "{"x" * 40}"
client_id = "{CLIENT}"
client_secret = "secret"
server_metadata_url = "{provider.url}/.well-known/openid-configuration"
""",
        encoding="utf-8",
    )
    own_server.start()
    return own_server.url


def test_a_listed_researcher_gets_in_through_the_provider_and_another_does_not(
    page: Page, guarded: str, provider: Provider
) -> None:
    provider.email = "bob@elsewhere.example"
    page.goto(guarded)
    page.get_by_role("button", name="Sign in with your institution").click()
    expect(page.get_by_text("bob@elsewhere.example is not on this server's list")).to_be_visible(timeout=30_000)
    assert page.get_by_role("link", name="Study desk").count() == 0
    provider.email = "ann@hospital.example"
    page.get_by_role("button", name="Sign in with another account").click()
    page.get_by_role("button", name="Sign in with your institution").click()
    page.get_by_role("link", name="Study desk").wait_for(timeout=60_000)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with your institution").wait_for(timeout=30_000)
    assert page.get_by_role("link", name="Study desk").count() == 0
