"""The first look as one HTML page that needs nothing else: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from vigil import figures

_STYLE = """
body{margin:0 auto;max-width:62rem;padding:1.5rem;color:#1d2429;background:#fbfaf7;
font:15px/1.5 system-ui,"Segoe UI",Arial,sans-serif}
h1{font-size:1.6rem;margin:.2rem 0}h2{margin:2rem 0 .5rem;font-size:1.2rem}
h3{margin:0;font-size:1rem;overflow-wrap:anywhere}
.card{background:#fff;border:1px solid #e2e0d9;border-radius:.5rem;padding:1rem;margin:.8rem 0;
display:grid;grid-template-columns:repeat(auto-fit,minmax(17rem,1fr));gap:1rem}
.soft{color:#5c6770;font-size:.87rem}table{border-collapse:collapse;font-size:.87rem}
td,th{padding:.15rem .7rem .15rem 0;text-align:left;overflow-wrap:anywhere}
td.n,th.n{text-align:right}.scroll{overflow-x:auto}.warn{color:#8a5a00}
svg{display:block;width:100%;max-width:20rem;height:auto}
"""


def page(project: str, study: dict[str, Any]) -> str:
    """Return the page."""
    body = [
        f"<h1>{escape(project)}: a first look</h1>",
        f"<p class=soft>{_amount(study)}; the target is {escape(study['target'])}.</p>",
        _odd(study),
        _missing(study["missing"]),
        "<h2>Columns</h2>",
        *(_column(column, study) for column in study["columns"]),
        _correlations(study["correlations"]),
    ]
    return (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{escape(project)}: a first look"
        f"</title><meta name=viewport content='width=device-width'><style>{_STYLE}</style></head>"
        f"<body>{''.join(body)}</body></html>"
    )


def _amount(study: dict[str, Any]) -> str:
    """Say how much there is."""
    return f"{study['rows']:,} rows, {study['columns_in_all']} columns"


def odd(study: dict[str, Any]) -> list[str]:
    """Return what a person should look at, in sentences."""
    found = [
        f"{name} alone explains {100 * share:.0f} % of the target: does it hold something that is only known "
        "afterwards?"
        for name, share in study["leaks"]
    ]
    twice = study["duplicates"]
    if twice["rows"]:
        found.append(
            f"{twice['rows']:,} rows repeat the features of another row; {twice['contradictory']:,} of them "
            "have another label."
        )
    for column in study["columns"]:
        far = column["outliers"]
        if far and far["below"] + far["above"]:
            found.append(
                f"{column['name']}: {far['below'] + far['above']:,} values lie far outside "
                f"{figures.digits(far['low'])} to {figures.digits(far['high'])}."
            )
        if column["distinct"] == 1:
            found.append(f"{column['name']} has one value only.")
    return found


def _odd(study: dict[str, Any]) -> str:
    """List what is odd."""
    found = odd(study)
    items = "".join(f"<li>{escape(words)}</li>" for words in found) or "<li>Nothing odd was found.</li>"
    return f"<h2>Worth a look</h2><ul>{items}</ul>"


def _missing(patterns: Sequence[dict[str, Any]]) -> str:
    """List which columns are missing together."""
    if not patterns:
        return "<h2>Missing cells</h2><p>No cell is missing.</p>"
    lines = "".join(
        f"<tr><td class=n>{one['rows']:,}</td><td>{escape(', '.join(one['columns'][:8]))}"
        f"{' …' if len(one['columns']) > 8 else ''}</td></tr>"
        for one in patterns
    )
    return f"<h2>Missing cells</h2><table><tr><th class=n>Rows</th><th>lack</th></tr>{lines}</table>"


def _column(column: dict[str, Any], study: dict[str, Any]) -> str:
    """Show one column: statistics, distribution, and the target by its groups."""
    role = f" ({column['role']})" if column["role"] != "feature" else ""
    facts = [("cells", f"{column['count']:,}"), ("missing", _percent(column["missing_share"]))]
    facts += [(name, figures.digits(column[name])) for name in _FIGURES if column[name] is not None]
    if column["distinct"] is not None:
        about = "about " if column["distinct_error"] else ""
        facts.append(("different", f"{about}{column['distinct']:,}"))
    told = "".join(f"<tr><td class=soft>{name}</td><td class=n>{value}</td></tr>" for name, value in facts)
    rates = column["by_group"]
    right = (
        f"<div><div class=soft>{escape(study['shown_rate'])}</div>{_rates(rates, study)}</div>"
        if rates
        else ""
    )
    return (
        f"<div class=card><div><h3>{escape(column['name'])}{role}</h3><table>{told}</table></div>"
        f"<div><div class=soft>rows</div>{_bars(column['bars'])}</div>{right}</div>"
    )


_FIGURES = ("mean", "std", "minimum", "median", "maximum")


def _bars(bars: Sequence[Sequence[Any]]) -> str:
    """Draw a distribution: lying bars for levels, standing ones for ranges."""
    if not bars:
        return "<p class=soft>no values</p>"
    if isinstance(bars[0][0], str):
        return _lying([(name, count, f"{count:,}") for name, count in bars])
    most = max(count for _, count in bars) or 1
    wide = 260 / len(bars)
    drawn = "".join(
        f"<rect x='{k * wide:.1f}' y='{90 - 88 * count / most:.1f}' width='{wide - 1:.1f}' "
        f"height='{88 * count / most:.1f}' fill='#1f5f8b'>"
        f"<title>from {figures.digits(start)}: {count:,}</title></rect>"
        for k, (start, count) in enumerate(bars)
    )
    ends = (
        f"<text x=0 y=104>{figures.digits(bars[0][0])}</text>"
        f"<text x=260 y=104 text-anchor=end>{figures.digits(bars[-1][0])} …</text>"
    )
    return f"<svg viewBox='0 0 260 108' font-size=10 fill='#5c6770' role=img>{drawn}{ends}</svg>"


def _rates(groups: Sequence[dict[str, Any]], study: dict[str, Any]) -> str:
    """Draw the target's share or mean in each group."""
    share = study["shown_rate"].startswith("share")
    return _lying(
        [
            (one["group"], abs(one["rate"]), _percent(one["rate"]) if share else figures.digits(one["rate"]))
            for one in groups
        ]
    )


def _lying(lines: Sequence[tuple[str, float, str]]) -> str:
    """Draw lying bars with their names and values."""
    most = max((size for _, size, _ in lines), default=0) or 1
    drawn = "".join(
        f"<text x=0 y={16 * k + 11}>{escape(_short(name))}</text>"
        f"<rect x=110 y={16 * k + 2} width='{100 * size / most:.1f}' height=11 fill='#7db7de'/>"
        f"<text x='{114 + 100 * size / most:.1f}' y={16 * k + 11}>{value}</text>"
        for k, (name, size, value) in enumerate(lines)
    )
    return f"<svg viewBox='0 0 270 {16 * len(lines)}' font-size=10 fill='#1d2429' role=img>{drawn}</svg>"


def _correlations(found: dict[str, Any]) -> str:
    """Show the correlations as a table of tinted cells."""
    names = found["names"]
    if not names:
        return ""
    heads = "".join(f"<th class=n>{escape(_short(name))}</th>" for name in names)
    lines = "".join(
        f"<tr><th>{escape(_short(name))}</th>{''.join(map(_cell, row))}</tr>"
        for name, row in zip(names, found["matrix"], strict=True)
    )
    return (
        "<h2>Correlations of ranks</h2><div class=scroll><table>"
        f"<tr><th></th>{heads}</tr>{lines}</table></div>"
    )


def _cell(value: float | None) -> str:
    if value is None:
        return "<td class=n>–</td>"
    tone = "31,95,139" if value >= 0 else "179,55,43"
    return f"<td class=n style='background:rgba({tone},{abs(value) / 2:.2f})'>{value:.2f}</td>"


def _short(text: str) -> str:
    return text if len(text) <= 18 else f"{text[:17]}…"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"
