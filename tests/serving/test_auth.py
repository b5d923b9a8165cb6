"""Visitors log in, at a provider of this machine; others see nothing of the laboratory."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from lxmert_viz.__main__ import main
from lxmert_viz.errors import OptionError
from lxmert_viz.places import APP, ROOT
from lxmert_viz.serving.identity import secrets_of
from lxmert_viz.ui.frame.admission import may_come
from tests.helpers.page_client import Visitor, waited
from tests.helpers.provider import CLIENT, SECRET, provider
from tests.helpers.served_page import WIDE, free_port, opened, served

EXAMPLE = ROOT / "deploy" / "auth.example.toml"
FILE = """
[auth]
redirect_uri = "http://localhost:{port}/oauth2callback"
cookie_secret = "0123456789abcdef0123456789abcdef"
client_id = "{client}"
client_secret = "{secret}"
server_metadata_url = "{metadata}"
[visitors]
emails = ["ada@lab.example"]
"""


def _file(folder: Path, metadata: str, port: int) -> Path:
    file = folder / "auth.toml"
    told = {"client": CLIENT, "secret": SECRET, "metadata": metadata, "port": port}
    file.write_text(FILE.format(**told))
    return file


def test_a_stranger_sees_nothing_but_the_way_in(tmp_path: Path) -> None:
    async def visit(address: str) -> Visitor:
        visitor = await Visitor.come(address)
        await visitor.see("mistakes_page")
        await visitor.leave()
        return visitor

    file = _file(tmp_path, "http://localhost:1/nowhere", 1)
    with served(APP, "--auth", str(file)) as address:
        seen = waited(visit(address))
    assert "asks its visitors to log in" in seen.text
    assert [button.label for button in seen.of("button")] == ["Log in"]
    assert seen.of("selectbox") == []


@pytest.mark.browser
@pytest.mark.parametrize(("email", "may"), [("Ada@lab.example", True), ("eve@x.example", False)])
def test_the_way_in_and_out(browser: Browser, tmp_path: Path, email: str, may: bool) -> None:
    port = free_port()
    person = {"name": "Ada", "email": email, "email_verified": True}
    with provider(**person) as metadata:
        file = _file(tmp_path, metadata, port)
        with served(APP, "--auth", str(file), port=port) as address:
            page, _ = opened(browser, address, WIDE)
            page.get_by_role("button", name="Log in").click()
            if may:
                expect(page.get_by_label("Question or caption")).to_be_visible()
                page.get_by_role("button", name="About this page").click()
                expect(page.get_by_text("Logged in: Ada")).to_be_visible()
            else:
                expect(page.get_by_text("is not among those who may come here")).to_be_visible()
                expect(page.get_by_label("Question or caption")).to_have_count(0)
            page.get_by_role("button", name="Log out").click()
            expect(page.get_by_role("button", name="Log in")).to_be_visible()
            page.close()


@pytest.mark.parametrize(
    ("email", "verified", "may"),
    [
        ("ada@lab.example", True, True),
        ("Bob@Team.example", True, True),
        ("ada@lab.example", False, False),
        ("bob@lab.example", True, False),
        ("bob@not-team.example", True, False),
        ("bob@team.example.evil.example", True, False),
        ("", True, False),
    ],
)
def test_who_may_come(email: str, verified: bool, may: bool) -> None:
    assert may_come(email, verified, ["Ada@lab.example", "@team.example"]) == may


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[auth]", "[other]", "no section [auth]"),
        ("[auth]", "[auth", "cannot be read as TOML"),
        ("[auth]", "x = " + "[" * 20_000, "cannot be read as TOML"),
        ("client_id", "client", "lacks client_id in"),
        ("0123456789abcdef0123456789abcdef", "short", "shorter than 32"),
        ("/oauth2callback", "/", "with /oauth2callback"),
        ('["ada@lab.example"]', '"ada@lab.example"', "must be a list"),
        ('["ada@lab.example"]', '["ada"]', "must be a list"),
    ],
)
def test_a_file_that_cannot_work_is_told_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, said: str
) -> None:
    file = _file(tmp_path, "http://localhost:1/nowhere", 1)
    file.write_text(file.read_text().replace(old, new, 1))
    assert main(["serve", "--auth", str(file)]) == 2
    assert said in capsys.readouterr().err


def test_the_example_wants_its_secrets_filled_in_and_nothing_else(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"lacks cookie_secret, client_secret in"):
        secrets_of(EXAMPLE)
    file = tmp_path / "auth.toml"
    file.write_text(EXAMPLE.read_text().replace('secret = ""', f'secret = "{"x" * 64}"'))
    assert secrets_of(file)["visitors"]["emails"] == ["@lab.example"]
