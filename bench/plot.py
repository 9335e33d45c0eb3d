"""Draws the throughputs of a run as SVG, readable on white and on dark.

    bench/run --only pipes,rivals --json figures.json
    python3 bench/plot.py figures.json > docs/throughput.svg
"""

import json
import math
import sys
from xml.sax.saxutils import escape

LINE = "450 B"
WIDTH, LEFT, RIGHT, TOP, BAR, GAP, BOTTOM = 720, 150, 84, 58, 20, 8, 62
LEAST = 0.01  # GB/s, where the scale begins
STYLE = """
  text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #6e7781; }
  .title { font-size: 15px; font-weight: 600; }
  .small { font-size: 11px; }
  .ours { fill: #1a7f64; font-weight: 600; }
  rect { fill: #8c959f; }
  rect.ours { fill: #2da58a; }
  line { stroke: #8c959f; stroke-opacity: 0.35; }
  @media (prefers-color-scheme: dark) { text { fill: #9aa4af; } text.ours { fill: #4cc3a8; } }
"""


def bars(figures):
    """(name, GB/s, ours) on this line length, the fastest first.

    The speed of cat, times the ratios that were measured in pairs: speeds of different minutes are not compared.
    """
    tables = figures["tables"]
    row = next(row for row in tables["pipes"] if (row["corpus"], row["line"]) == ("rows", LINE))
    cat = row["cat"]["gb_per_s"]
    found = [("cat", cat, False)]
    for plan in ("full", "envelope"):
        found.append(("shunt, " + plan, cat * row[plan]["ratio"]["median"], True))
    for rival in tables.get("rivals", []):
        if "rival" in rival and rival["name"] not in ("cat", "cat, pipes of 1 MiB"):
            found.append((rival["name"], cat * row["full"]["ratio"]["median"] / rival["times"]["median"], False))
    return sorted(found, key=lambda bar: -bar[1])


def machine_line(figures):
    place, made = figures["machine"], figures["build"]
    return "%s, %d cores, Linux %s; %s, commit %s" % (
        place["cpu"], place["cores"], place["kernel"], made["version"], made["commit"] or "unknown")


class Picture:
    def __init__(self, found):
        self.most = max(2 * LEAST, 1.05 * max(speed for _, speed, _ in found))
        self.height = TOP + len(found) * (BAR + GAP) + BOTTOM
        self.parts = []

    def x(self, speed):
        """Where a speed is on the logarithmic scale."""
        part = math.log10(max(speed, LEAST) / LEAST) / math.log10(self.most / LEAST)
        return LEFT + part * (WIDTH - LEFT - RIGHT)

    def text(self, x, y, text, anchor="start", name=None):
        self.parts.append('<text x="%.1f" y="%.1f" text-anchor="%s"%s>%s</text>' % (
            x, y, anchor, ' class="%s"' % name if name else "", escape(text)))

    def scale(self, bottom):
        speed = LEAST
        while speed <= self.most:
            x = self.x(speed)
            self.parts.append('<line x1="%.1f" y1="%d" x2="%.1f" y2="%d"/>' % (x, TOP - 6, x, bottom))
            self.text(x, bottom + 14, "%g GB/s" % speed, "middle", "small")
            speed *= 10

    def bar(self, y, name, speed, ours):
        kind = ' class="ours"' if ours else ""
        self.text(LEFT - 10, y + BAR - 5, name, "end", "ours" if ours else None)
        self.parts.append('<rect x="%d" y="%d" width="%.1f" height="%d" rx="2"%s/>' % (
            LEFT, y, max(1, self.x(speed) - LEFT), BAR, kind))
        self.text(self.x(speed) + 6, y + BAR - 5, "%.3f" % speed if speed < 0.1 else "%.2f" % speed,
                  name="ours" if ours else None)


def svg(figures):
    found = bars(figures)
    picture = Picture(found)
    bottom = picture.height - BOTTOM + 4
    picture.text(12, 22, "Airbyte records between two processes, GB/s", name="title")
    picture.text(12, 40, "450-byte rows, cat FILE | X | cat; logarithmic scale", name="small")
    picture.scale(bottom)
    for number, one in enumerate(found):
        picture.bar(TOP + number * (BAR + GAP), *one)
    picture.text(12, picture.height - 12, machine_line(figures), name="small")
    return ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" '
            'aria-label="Throughput of shunt and its rivals">\n<style>%s</style>\n%s\n</svg>\n'
            % (WIDTH, picture.height, WIDTH, picture.height, STYLE, "\n".join(picture.parts)))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as source:
        sys.stdout.write(svg(json.load(source)))


if __name__ == "__main__":
    main()
