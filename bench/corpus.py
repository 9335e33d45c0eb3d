"""Lines to measure with, from a seed.

"rows" is what real sources print: the users and purchases of source-faker, a CRM's account with a hundred
columns, a document with items. Keys of ten letters and values of five to thirty, some nulls, a longer text now
and then, non-ASCII text in one row of five, an escaped quote or line break in some texts; compact separators,
UTF-8 as it is, namespace, stream, data and emitted_at in this order.

"dense" has a token every five bytes, escapes and non-ASCII text in every line.
"""

import json
import random

SIZES = {"136 B": 136, "450 B": 450, "1 KB": 1000, "10 KB": 10_000, "1 MB": 1_000_000}
TEMPLATE_BYTES = 8 << 20  # of distinct lines; a file repeats them
FIRST_EMITTED_AT = 1_700_000_000_000

FIRST = "Ada Bruno Carla David Emma Farid Grace Henry Irene James Karen Laura Minh Noor Oscar Priya".split()
LAST = "Abbas Brown Clark Davis Evans Fischer Grant Hopper Ito Jansen Kaya Lovelace Mensah Nguyen Okafor".split()
ABROAD = ["Chloé Dvořák", "Jürgen Größe", "Lucía García", "Inês Conceição", "山田 太郎", "Zoë Müller"]
CITIES = "Accra Berlin Chicago Dakar Edinburgh Fukuoka Geneva Houston Izmir Jakarta London Madrid Nairobi".split()
TITLES = ["Account Manager", "Data Engineer", "Nurse", "Sales Representative", "Site Reliability Engineer"]
STATUSES = ["active", "inactive", "pending", "on_hold", "Closed Won", "Prospecting"]
PROSE = ("The parcel was left with the neighbour because nobody answered the door. Please call back after five, the "
         "line is busy in the morning. Customer asked for a refund of the shipping fee and got a voucher. Moved to "
         "the quarterly plan on request. The address was corrected by support, see the attached form. ")


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def prose(rng, length):
    """Some sentences, ASCII, so that the length holds."""
    begin = rng.randrange(len(PROSE))
    return (PROSE * (length // len(PROSE) + 2))[begin:begin + length]


def comment(rng):
    text = prose(rng, rng.randrange(40, 400))
    if rng.random() < 0.2:
        text += '\nHe said "tomorrow".'
    return text


def timestamp(rng):
    return "20%02d-%02d-%02dT%02d:%02d:%02d.%03d+00:00" % (
        rng.randrange(18, 25), rng.randrange(1, 13), rng.randrange(1, 29), rng.randrange(24), rng.randrange(60),
        rng.randrange(60), rng.randrange(1000))


def name(rng):
    return rng.choice(ABROAD) if rng.random() < 0.1 else "%s %s" % (rng.choice(FIRST), rng.choice(LAST))


def email(rng):
    return "%s.%s%d@example.com" % (rng.choice(FIRST).lower(), rng.choice(LAST).lower(), rng.randrange(10_000))


def address(rng):
    return {"street": "%d %s Road" % (rng.randrange(1, 900), rng.choice(LAST)), "city": rng.choice(CITIES),
            "postal_code": "%05d" % rng.randrange(100_000), "country_code": rng.choice(["US", "DE", "GH", "JP"])}


def identifier(rng):
    return "0015%014X" % rng.randrange(1 << 56)


def maybe(make, chance=0.6):
    return lambda rng: make(rng) if rng.random() < chance else None


def item(rng):
    return {"sku": "SKU-%06d" % rng.randrange(1_000_000), "description": prose(rng, rng.randrange(20, 60)),
            "quantity": rng.randrange(1, 20), "unit_price": rng.randrange(100, 100_000) / 100, "taxable": True,
            "discount": None, "shipped_at": timestamp(rng)}


PURCHASES = [("id", lambda r: r.randrange(1_000_000)), ("qty", lambda r: r.randrange(9))]

USERS = [
    ("id", lambda r: r.randrange(10_000_000)), ("created_at", timestamp), ("updated_at", timestamp), ("name", name),
    ("title", lambda r: r.choice(TITLES)), ("age", lambda r: r.randrange(18, 90)), ("email", email),
    ("telephone", lambda r: "+1-555-%03d-%04d" % (r.randrange(1000), r.randrange(10_000))),
    ("gender", lambda r: r.choice(["Female", "Male", "Other"])), ("nationality", maybe(lambda r: "Ghanaian")),
    ("height", lambda r: "1.%02d" % r.randrange(50, 99)), ("weight", lambda r: r.randrange(45, 120)),
    ("is_active", lambda r: r.random() < 0.8), ("balance", lambda r: r.randrange(1_000_000) / 100), ("address", address)]

ACCOUNTS = [
    ("Id", identifier), ("IsDeleted", lambda r: False), ("Name", name), ("Type", maybe(lambda r: r.choice(STATUSES))),
    ("ParentId", maybe(identifier, 0.3)), ("BillingStreet", lambda r: address(r)["street"]),
    ("BillingCity", lambda r: r.choice(CITIES)), ("BillingState", lambda r: None),
    ("BillingLatitude", lambda r: round(r.random() * 90, 6)),
    ("Phone", maybe(lambda r: "(555) 010-%04d" % r.randrange(9999))),
    ("AnnualRevenue", maybe(lambda r: r.randrange(100_000_000) / 100)), ("OwnerId", identifier),
    ("NumberOfEmployees", maybe(lambda r: r.randrange(5000))), ("CreatedDate", timestamp), ("LastModifiedDate", timestamp),
    ("Email__c", email), ("Renewal_Status__c", lambda r: r.choice(STATUSES)), ("Opted_Out__c", lambda r: r.random() < 0.1),
    ("Score__c", maybe(lambda r: r.random())), ("Description", comment)]

DOCUMENTS = USERS + [("items", lambda r: [item(r) for _ in range(r.randrange(20, 60))]), ("body", comment)]

COLUMNS = {"136 B": PURCHASES, "450 B": USERS, "1 KB": ACCOUNTS, "10 KB": ACCOUNTS, "1 MB": DOCUMENTS}


def data_of(rng, columns, size):
    """A row of about `size` bytes: columns in their order, again with a number behind the name, then a text."""
    parts, left, column = [], size - 2, 0
    while True:
        key, make = columns[column % len(columns)]
        repeat = column // len(columns)
        part = '"%s":%s' % (key if not repeat else "%s_%d" % (key, repeat + 1), compact(make(rng)))
        left -= len(part.encode()) + 1
        if left < 0:
            left += len(part.encode()) + 1
            break
        parts.append(part)
        column += 1
    if left >= 14:
        parts.append('"remark":"%s"' % prose(rng, left - 12))
    return "{" + ",".join(parts) + "}"


def record(rng, columns, size, stream="users"):
    head = '{"type":"RECORD","record":{"namespace":"public","stream":"%s","data":' % stream
    tail = ',"emitted_at":%d}}\n' % (FIRST_EMITTED_AT + rng.randrange(10**9))
    return (head + data_of(rng, columns, size - len(head) - len(tail)) + tail).encode()


def rows(size_name, seed=1, template_bytes=TEMPLATE_BYTES, streams=None):
    """Lines of `size_name` on average. With `streams`, each of a stream of its own choice among them."""
    rng, size, made, lines = random.Random(seed), SIZES[size_name], 0, []
    while made < template_bytes:
        wanted = int(size * rng.uniform(0.87, 1.18))
        lines.append(record(rng, COLUMNS[size_name], wanted, rng.choice(streams) if streams else "users"))
        made += len(lines[-1])
    return lines


WORDS = ("lorem ipsum dolor sit amet consetetur sadipscing elitr sed diam nonumy eirmod tempor invidunt ut labore "
         "café naïve 日本語").split()


def dense_field(rng, number):
    kind = number % 6
    if kind == 0:
        return '"id_%d":%d' % (number, rng.randrange(1 << 40))
    if kind == 1:
        return '"name_%d":"%s"' % (number, " ".join(rng.choices(WORDS, k=4)))
    if kind == 2:
        return '"updated_at_%d":"2024-%02d-%02dT%02d:00:00Z"' % (
            number, rng.randrange(1, 13), rng.randrange(1, 29), rng.randrange(24))
    if kind == 3:
        return '"amount_%d":%.2f' % (number, rng.random() * 10_000)
    if kind == 4:
        return '"tags_%d":["%s","a \\"quoted\\" word"],"ok_%d":true' % (number, rng.choice(WORDS), number)
    return '"address_%d":{"city":"%s","zip":"%05d","geo":[%.5f,%.5f]}' % (
        number, rng.choice(WORDS), rng.randrange(100_000), rng.random() * 90, rng.random() * 180)


def dense_line(rng, size):
    """One line of exactly `size` bytes, or the shortest there is."""
    head = '{"type":"RECORD","record":{"stream":"users","data":{"id":%d' % rng.randrange(10_000, 100_000)
    tail = '"},"emitted_at":1700000000000}}\n'
    parts, used, number = [head], len(head) + len(tail) + len(',"note":"'), 0
    while True:
        text = "," + dense_field(rng, number)
        number += 1
        if used + len(text.encode()) > size:
            break
        parts.append(text)
        used += len(text.encode())
    return ("".join(parts) + ',"note":"' + "n" * max(0, size - used) + tail).encode()


def dense(size_name, seed=1, template_bytes=TEMPLATE_BYTES):
    rng, size = random.Random(seed), SIZES[size_name]
    return [dense_line(rng, size) for _ in range(max(1, template_bytes // size))]


def write(path, lines, total):
    """Writes the lines again and again, `total` bytes or up to a line more. How many bytes that were."""
    block, written = b"".join(lines), 0
    with open(path, "wb") as out:
        while written + len(block) <= total:
            written += out.write(block)
        if written < total:
            written += out.write(block[:block.index(b"\n", total - written - 1) + 1])
    return written


def mean_bytes(lines):
    return round(sum(map(len, lines)) / len(lines))
