#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What `make bench` printed, as tables for docs/PERFORMANCE.md and as a plot.

figures.py tables FILE    Markdown on stdout
figures.py plot FILE      SVG on stdout
"""
import sys

# Targets: how many times the peer, or at least so much of our own.
TIMES = {
    "smtp_deliver_1": 10, "smtp_deliver_100": 10, "smtp_starttls_1": 5, "smtp_starttls_100": 5,
    "smtp_deliver_200k": 5, "smtp_fanout_100": 20, "submission": 5, "pop3_login": 5,
    "pop3_fetch": 5, "pop3s_login": 3, "pop3s_fetch": 3, "open_again_100000": 5,
    "open_after_delivery_100000": 5, "smtp_deliver_1_cpu": 10, "smtp_deliver_100_cpu": 10,
    "pop3_login_cpu": 5, "pop3_fetch_cpu": 5, "smtp_relay": 10, "smtp_relay_cpu": 10,
}
ALONE = {
    "idle_memory": "4 KB", "idle_memory_tls": "24 KB", "idle_held": "50,000",
    "directory_50ms_lookups": "1,000", "directory_50ms_logins": "300",
    "directory_50ms_both_lookups": "1,000", "directory_50ms_both_logins": "300",
}


class Run:
    """The lines of one run, by their first word."""

    def __init__(self, name):
        self.rows, self.busy, self.shares, self.bounds, self.scales = [], {}, {}, [], {}
        with open(name) as file:
            for line in file:
                words = line.split()
                if not words:
                    continue
                values = dict(word.split("=", 1) for word in words if "=" in word)
                if words[0] == "bench":
                    self.rows.append((words[1], values))
                elif words[0] == "busy":
                    self.busy[words[1]] = (values["postern"], line.rsplit("idle meanwhile", 1)[-1].split()[0])
                elif words[0] == "share":
                    self.shares.setdefault(words[1], []).append((words[3].split("=")[0], float(values["share"])))
                elif words[0] == "bound":
                    self.bounds.append(words[1:])
                elif words[0] == "scale":
                    self.scales.setdefault(words[1], []).append((int(words[2]), values))


def number(text):
    if text == "-":
        return "-"
    value = float(text)
    if value == int(value):
        return "%s" % format(int(value), ",")
    return format(value, ",.0f" if value >= 100 else ".1f" if value >= 10 else ".2f")


def target(name):
    return "%dx" % TIMES[name] if name in TIMES else ALONE.get(name, "")


def row_line(run, name, values):
    shares = "; ".join("%.0f %% of %s" % (100 * share, bound) for bound, share in run.shares.get(name, []))
    busy = "%s, %s" % run.busy[name] if name in run.busy else ""
    ratio = values["ratio"] if values["ratio"] == "-" else values["ratio"] + "x"
    return "| %s | %s | %s | %s | %s | %s | %s | %s |" % (
        name, number(values["postern"]), number(values["peer"]), values["unit"], ratio, target(name), busy, shares)


def tables(run):
    print("| bound | a second | how |")
    print("|---|---|---|")
    for words in run.bounds:
        name, value = words[0].split("=")
        print("| %s | %s | %s |" % (name, number(value), " ".join(word for word in words[2:])))
    print("\n| row | postern | peer | unit | ratio | target | cores busy, idle | share of bound |")
    print("|---|---|---|---|---|---|---|---|")
    for name, values in run.rows:
        print(row_line(run, name, values))
    for table, lines in run.scales.items():
        keys = [key for key in lines[0][1] if key != "unit"]
        print("\n| %s | %s |" % (table, " | ".join(key.replace("_", " ") for key in keys)))
        print("|---|%s" % ("---|" * len(keys)))
        for size, values in lines:
            print("| %s | %s |" % (format(size, ","), " | ".join(number(values[key]) for key in keys)))


# --- the plot: three panels, each with both axes logarithmic ---

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 380, 300, 64, 40, 46
COLOURS = {"postern": "#1b6ca8", "postern_after": "#6fb1dd", "peer": "#c0572b", "peer_after": "#e3a27f",
           "lookups": "#1b6ca8", "logins": "#c0572b", "deliveries": "#4c8c4a"}
PANELS = (
    ("sessions", "messages/s by sessions", {"postern": "Postern", "peer": "Postfix"}),
    ("maildrop", "ms to open a mailbox, by messages in it",
     {"postern": "Postern, again", "postern_after": "Postern, after a delivery",
      "peer": "Dovecot, again", "peer_after": "Dovecot, after a delivery"}),
    ("directory", "a second, by entries in the directory",
     {"lookups": "recipient lookups", "logins": "POP3 logins", "deliveries": "deliveries"}),
)


def decades(values):
    low, high = 1.0, 1.0
    while low > min(values):
        low /= 10
    while low * 10 <= min(values):
        low *= 10
    while high < max(values):
        high *= 10
    return low, max(high, low * 10)


def share(value, low, high):
    from math import log10
    return log10(value / low) / log10(high / low)


def panel(left, title, lines, names):
    xs = [size for size, _ in lines]
    ys = [float(values[key]) for _, values in lines for key in names]
    (x0, x1), (y0, y1) = (min(xs), max(xs)), decades(ys)
    across, down = WIDTH - LEFT - 16, HEIGHT - TOP - BOTTOM

    def place(x, y):
        return left + LEFT + across * share(x, x0, x1), TOP + down * (1 - share(y, y0, y1))

    out = ['<text x="%d" y="20" font-weight="bold">%s</text>' % (left + LEFT, title)]
    tick = y0
    while tick <= y1 * 1.001:
        y = place(x0, tick)[1]
        out.append('<path d="M%d %.1fh%d" stroke="#ddd"/>' % (left + LEFT, y, across))
        out.append('<text x="%d" y="%.1f" text-anchor="end">%s</text>' % (left + LEFT - 6, y + 4, number(str(tick))))
        tick *= 10
    for x in xs:
        out.append('<text x="%.1f" y="%d" text-anchor="middle">%s</text>' % (
            place(x, y0)[0], TOP + down + 16, format(x, ",")))
    for order, (key, name) in enumerate(names.items()):
        points = [place(size, float(values[key])) for size, values in lines]
        colour = COLOURS[key]
        out.append('<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/>' % (
            colour, " ".join("%.1f,%.1f" % point for point in points)))
        out += ['<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>' % (x, y, colour) for x, y in points]
        out.append('<text x="%d" y="%d" fill="%s">%s</text>' % (
            left + LEFT + 8 + across // 2 * (order % 2), TOP + down + 30 + 13 * (order // 2), colour, name))
    return out


def plot(run):
    panels = [entry for entry in PANELS if entry[0] in run.scales]
    print('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" '
          'font-size="11">' % (WIDTH * len(panels), HEIGHT))
    print('<rect width="100%" height="100%" fill="white"/>')
    for index, (table, title, names) in enumerate(panels):
        print("\n".join(panel(index * WIDTH, title, run.scales[table], names)))
    print("</svg>")


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("tables", "plot"):
        sys.exit(__doc__)
    run = Run(sys.argv[2])
    (tables if sys.argv[1] == "tables" else plot)(run)


main()
