"""Tables, row by row as they are measured: as text for the page, as Markdown for the documentation."""

import collections

# A column has a title, a width on the page, and a function from a row to its text.
Column = collections.namedtuple("Column", "title width text")

BETWEEN = "     "  # tables that stand beside each other


def number(value, digits=2):
    """Three significant digits or so; a dash for what was not measured."""
    if value is None:
        return "-"
    return "%.*f" % (0 if value >= 100 else digits, value)


def spread(ratio):
    return "%.2f (%.2f-%.2f)" % (ratio["median"], ratio["min"], ratio["max"])


def path(*keys, form=number):
    """The text of a member of a member of a row, or a dash."""
    def text(row):
        for key in keys:
            if row is None:
                break
            row = row.get(key)
        return "-" if row is None else form(row)
    return text


class Page:
    def __init__(self, out):
        self.out = out

    def line(self, text=""):
        print(text, file=self.out, flush=True)

    def title(self, text):
        self.line()
        self.line(text)

    def table(self, columns, rows, per_line=1):
        """Prints the rows as they come, under a header or so many a line without one; returns them."""
        if per_line == 1:
            self.line("  " + cells([column.title for column in columns], columns).rstrip())
        found, waiting = [], []
        for row in rows:
            found.append(row)
            waiting.append(cells([column.text(row) for column in columns], columns))
            if len(waiting) == per_line:
                self.line("  " + BETWEEN.join(waiting).rstrip())
                waiting.clear()
        if waiting:
            self.line("  " + BETWEEN.join(waiting).rstrip())
        return found


def cells(texts, columns):
    """The first column stands left, the others right."""
    parts = [text.ljust(column.width) if not number else text.rjust(column.width)
             for number, (text, column) in enumerate(zip(texts, columns))]
    return "  ".join(parts)


def markdown(columns, rows):
    lines = ["| " + " | ".join(column.title for column in columns) + " |",
             "|" + "|".join("---" if not number else "---:" for number in range(len(columns))) + "|"]
    for row in rows:
        lines.append("| " + " | ".join(column.text(row).strip().replace("|", "\\|") for column in columns) + " |")
    return lines
