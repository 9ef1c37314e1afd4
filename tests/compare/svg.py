"""The picture: build/compare.svg, drawn by hand, for light and dark pages."""
import math
from xml.sax.saxutils import escape

from . import document as documents
from .plot import decades

PANEL_WIDTH, PANEL_HEIGHT = 380, 240
LEFT, TOP, RIGHT, BOTTOM = 70, 44, 14, 46       # around the axes of a panel
STYLE = """
  .page { fill: #ffffff } text { fill: #222222; font: 12px sans-serif }
  .title { font-size: 14px; font-weight: bold } .grid { stroke: #dddddd }
  .axis { stroke: #666666; fill: none } .s0 { stroke: #0072b2 } .s1 { stroke: #d55e00 }
  .s2 { stroke: #009e73 } .s3 { stroke: #aa4499 } .line { fill: none; stroke-width: 2 }
  .mark { fill: #ffffff; stroke-width: 2 } .tail { stroke-dasharray: 2 4 }
  @media (prefers-color-scheme: dark) {
    .page, .mark { fill: #1b1b1b } text { fill: #dddddd } .grid { stroke: #3a3a3a }
    .axis { stroke: #999999 } .s0 { stroke: #56b4e9 } .s1 { stroke: #e69f00 }
    .s2 { stroke: #2ec27e } .s3 { stroke: #dd88cc }
  }"""


def picture(document):
    """Return the SVG of a document as text: a column of panels for each work time."""
    works, panels = document["plan"]["work_ms"], []
    for column, work_ms in enumerate(works):
        for line, panel in enumerate((_rates, _delays)):
            panels.append(_panel(document, column, line, *panel(document, work_ms)))
    panels.append(_panel(document, 0, 2, *_memory(document)))
    width = PANEL_WIDTH * max(2, len(works))
    height = 3 * PANEL_HEIGHT + 30
    words = "Servers of one protocol under the same load: answers, delays, memory"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-label="{words}">',
        f"<title>{words}</title>", f"<style>{STYLE}\n</style>",
        f'<rect class="page" width="{width}" height="{height}"/>',
        *panels, _legend(document, height), "</svg>", ""])


def _short(work_ms):
    return f"-d {work_ms}" if work_ms else "no work time"


def _rates(document, work_ms):
    return f"Answers per second, {_short(work_ms)}", "answers per second", \
        [(i, "", _points(document, work_ms, s["id"], "rate", 1))
         for i, s in enumerate(document["servers"])]


def _delays(document, work_ms):
    lines = []
    for i, server in enumerate(document["servers"]):
        for name, style in (("median_us", ""), ("p99_us", " tail")):
            lines.append((i, style, _points(document, work_ms, server["id"], name,
                                            1000)))
    return f"Delay: median, p99 dotted, {_short(work_ms)}", "milliseconds", lines


def _memory(document):
    work_ms = document["plan"]["work_ms"][0]
    return "Memory for each client", "KiB", \
        [(i, "", _points(document, work_ms, s["id"], "bytes_per_client", 1024))
         for i, s in enumerate(document["servers"])]


def _points(document, work_ms, server, name, unit):
    """Return [(clients, value)] of a server, without what a log scale cannot show."""
    return [(row["clients"], row[name] / unit)
            for row in documents.rows(document, work_ms, server)
            if row[name] and not row["trouble"]]


def _panel(document, column, line, title, unit, lines):
    """Return one panel: its axes, grid, names, and the lines of the servers."""
    counts = document["plan"]["clients"]
    values = [value for _, _, points in lines for _, value in points] or [1]
    low, high = decades(values)
    width = PANEL_WIDTH - LEFT - RIGHT
    height = PANEL_HEIGHT - TOP - BOTTOM

    def x(clients):
        whole = math.log10(counts[-1] / counts[0])
        return LEFT + width * (0.04 + 0.92 * (
            math.log10(clients / counts[0]) / whole if whole else 0.5))

    def y(value):
        return TOP + height * (high - math.log10(value)) / (high - low)

    parts = [f'<g transform="translate({column * PANEL_WIDTH},{line * PANEL_HEIGHT})">',
             _text(LEFT, 26, title, "start", "title"),
             _text(LEFT + width / 2, PANEL_HEIGHT - 10, "clients at once", "middle"),
             f'<text transform="translate(14,{TOP + height / 2:.0f}) rotate(-90)" '
             f'text-anchor="middle">{escape(unit)}</text>']
    for power in range(low, high + 1):
        at = y(10.0 ** power)
        parts += [f'<path class="grid" d="M{LEFT},{at:.1f}h{width}"/>',
                  _text(LEFT - 6, at + 4, f"{10.0 ** power:,.6g}", "end")]
    for clients in counts:
        parts += [f'<path class="axis" d="M{x(clients):.1f},{TOP + height}v5"/>',
                  _text(x(clients), TOP + height + 18, str(clients), "middle")]
    parts.append(f'<path class="axis" d="M{LEFT},{TOP}v{height}h{width}"/>')
    for number, style, points in lines:
        parts += _line(number, style, [(x(c), y(v)) for c, v in points])
    return "\n".join([*parts, "</g>"])


def _line(number, style, points):
    if not points:
        return []
    path = "L".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return [f'<path class="line s{number}{style}" d="M{path}"/>',
            *(_mark(number, x, y) for x, y in points if not style)]


def _mark(number, x, y):
    """Return the mark of a server: shapes tell them apart without colours as well."""
    shape = ("M-4,-4h8v8h-8z", "M0,-5L5,4H-5z", "M0,-5L5,0L0,5L-5,0z",
             "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z")[number]
    return f'<path class="mark s{number}" transform="translate({x:.1f},{y:.1f})" ' \
           f'd="{shape}"/>'


def _text(x, y, text, anchor, style="plain"):
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">' \
           f"{escape(text)}</text>"


def _legend(document, height):
    parts = [f'<g transform="translate({LEFT},{height - 16})">']
    for number, server in enumerate(document["servers"]):
        parts += [_mark(number, 150 * number, -4),
                  _text(150 * number + 12, 0, server["title"], "start")]
    return "\n".join([*parts, "</g>"])
