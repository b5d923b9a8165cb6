"""What axe-core finds on a page that a person cannot see, read or reach."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

GRAVE = ("serious", "critical")


def grave_faults(page: Page, *, but: tuple[str, ...] = ()) -> list[str]:
    """Its serious and critical violations, a line each with the first place. but: ids of rules."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [_line(each) for each in found if each["impact"] in GRAVE and each["id"] not in but]


def _line(violation: dict[str, Any]) -> str:
    first = violation["nodes"][0]
    checks = first["any"] or first["all"] or first["none"]
    return f"{violation['id']} x {len(violation['nodes'])}: {first['html']} {checks[0]['message']}"
