"""A run's report: one HTML page that needs no network, no scripts and no server."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from string import Template

from lxmert_viz.figures import theme
from lxmert_viz.going_out import writable

SIDE = 260  # of the reliability diagram, in units of its SVG
PAGE = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>$title</title><style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #1c2327; background: #fff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .3rem; }
p { margin: .3rem 0; } .how { color: #55616a; }
table { border-collapse: collapse; width: 100%; } td, th { padding: .2rem .6rem .2rem 0;
  text-align: left; vertical-align: top; } td.n { text-align: right; white-space: nowrap; }
.bar { height: .8rem; background: $plain; min-width: 1px; }
.examples { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr));
  gap: 1rem; } figure { margin: 0; border: 1px solid #d5dce0; border-radius: 6px; padding: .7rem;
  break-inside: avoid; } figure img { width: 100%; height: 11rem; object-fit: contain;
  background: #f1f4f5; } .tags { color: #55616a; font-size: 13px; }
.right { color: #00694b; } .wrong { color: #a13d00; }
</style></head><body><h1>$title</h1>$body</body></html>
""")


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    value: float  # 0..1, the bar's length
    told: str  # the number as it is written


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    how: str  # what the numbers are: statistic, range, over what
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """An example that a person chose."""

    picture: str  # an address that an <img> takes; "" where there is none
    text: str
    answer: str
    right: str
    is_right: bool
    verdict: str
    tags: str
    note: str
    id: str


def report_page(
    title: str,
    facts: Sequence[tuple[str, str]],
    sections: Sequence[Section],
    reliability: Sequence[tuple[float, float, int]],
    examples: Sequence[Shown],
) -> str:
    """reliability: mean confidence, mean score, count of each bin; empty leaves the diagram out."""
    body = [_facts(facts), *map(_section, sections)]
    if reliability:
        body.append(_reliability(reliability))
    body.append(f"<h2>{len(examples)} chosen example{'' if len(examples) == 1 else 's'}</h2>")
    if examples:
        body.append(f'<div class="examples">{"".join(map(_example, examples))}</div>')
    else:
        body.append('<p class="how">Rows with a verdict, tags or a note appear here.</p>')
    return PAGE.substitute(title=_escaped(title), body="".join(body), plain=theme.PLAIN)


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    rows = (f"<tr><th>{_escaped(n)}</th><td>{_escaped(v)}</td></tr>" for n, v in facts)
    return f"<table>{''.join(rows)}</table>"


def _section(section: Section) -> str:
    rows = (
        f'<tr><td style="width:30%">{_escaped(bar.label)}</td>'
        f'<td><div class="bar" style="width:{100 * min(max(bar.value, 0.0), 1.0):.1f}%"></div></td>'
        f'<td class="n" style="width:24%">{_escaped(bar.told)}</td></tr>'
        for bar in section.bars
    )
    return (
        f'<h2>{_escaped(section.title)}</h2><p class="how">{_escaped(section.how)}</p>'
        f"<table>{''.join(rows)}</table>"
    )


def _reliability(bins: Sequence[tuple[float, float, int]]) -> str:
    most = max(count for _, _, count in bins)
    marks = "".join(
        f'<circle cx="{confidence * SIDE:.1f}" cy="{(1 - score) * SIDE:.1f}" '
        f'r="{3 + 5 * (count / most) ** 0.5:.1f}" fill="{theme.PLAIN}">'
        f"<title>confidence {confidence:.3f}, score {score:.3f}, {count:,} rows</title></circle>"
        for confidence, score, count in bins
    )
    return (
        "<h2>Is it right as often as it is sure?</h2>"
        '<p class="how">Bins of about equally many rows. Across: mean probability, 0 to 1. '
        "Up: mean score, 0 to 1. On the line both agree.</p>"
        f'<svg viewBox="-8 -8 {SIDE + 16} {SIDE + 16}" width="{SIDE}" role="img">'
        f'<rect width="{SIDE}" height="{SIDE}" fill="none" stroke="#9aa7ae"/>'
        f'<line x1="0" y1="{SIDE}" x2="{SIDE}" y2="0" stroke="#9aa7ae" stroke-dasharray="4"/>'
        f"{marks}</svg>"
    )


def _example(shown: Shown) -> str:
    picture = f'<img src="{_escaped(shown.picture)}" alt="">' if shown.picture else ""
    said = "right" if shown.is_right else "wrong"
    lines = [
        f"<b>{_escaped(shown.text)}</b>",
        f'<span class="{said}">{_escaped(shown.answer or "no answer")}</span>'
        + (f" ({said}; right: {_escaped(shown.right)})" if shown.right else ""),
        _escaped(shown.note),
        f'<span class="tags">{_escaped(" · ".join(filter(None, _labels(shown))))}</span>',
    ]
    return f"<figure>{picture}{''.join(f'<p>{line}</p>' for line in lines if line)}</figure>"


def _labels(shown: Shown) -> tuple[str, ...]:
    return shown.verdict, *(f"#{tag}" for tag in shown.tags.split()), shown.id


def _escaped(text: str) -> str:
    return html.escape(writable(text))
