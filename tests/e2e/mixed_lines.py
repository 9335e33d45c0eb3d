"""Makes the source output of the mixed lines test: every shape of line that the contract talks about."""

import json

STREAMS = [("users", None), ("users", "public"), ("orders", ""), ("na\u00efve \u2028 caf\u00e9", None),
           ("quo\"ted\\", "n\ts")]
UNKNOWN = [("users", "private"), ("ghost", None), ("orders", None)]

VALUES = [
    "1e400", "-1E-999", "-0", "0.10", "123456789012345678901234567890.000", "100.0", "true", "null", '""',
    r'"\ud800"', r'"\udc00 alone"', r'"\ud83d\ude00"', '"\u2028 and \u2029"', '"\U0001f600"', r'"\u0000"', r'"\/\b\f"',
    r'"a \"quoted\" } ] , : {"', '"{\\"type\\":\\"STATE\\"}"', '{"type":"STATE","state":{"data":{}}}',
    '{"a":1,"a":2,"\\u0061":3}', "[]", "{}", "[[[[[]]]]]", "[ 1 ,\t2 ]", '{"record":{"stream":"x"}}',
    "[" + ",".join(str(number) for number in range(200)) + "]", '"' + "long " * 400 + '"',
    "[" * 60 + "]" * 60, '"\x7f\u0080"',
]
BLANKS = ["", "", "", "", " ", "  ", "\t", " \t ", "\r"]


class Maker:
    def __init__(self, rng):
        self.rng = rng
        self.serial = 0
        self.clock = 1_700_000_000_000.0
        self.last_control = None

    def blank(self):
        return self.rng.choice(BLANKS)

    def string(self, text):
        """A string literal, sometimes spelled with escapes."""
        kind = self.rng.randrange(4)
        if kind == 0:
            return json.dumps(text)
        if kind == 1 and text:
            return '"' + "".join("\\u%04x" % ord(letter) for letter in text) + '"'  # all in the BMP
        return json.dumps(text, ensure_ascii=False)

    def object(self, members):
        """Raw members in random order, with random blanks."""
        members = list(members)
        self.rng.shuffle(members)
        text = ",".join("%s%s%s:%s%s%s" % (self.blank(), json.dumps(key), self.blank(), self.blank(), value,
                                           self.blank()) for key, value in members)
        return "{" + text + "}"

    def message(self, kind, key, payload):
        members = [("type", '"%s"' % kind), (key, payload)]
        if self.rng.random() < 0.1:
            members.append(("x_extra", self.rng.choice(VALUES)))
        return self.object(members)

    def record(self, streams=STREAMS):
        name, namespace = self.rng.choice(streams)
        self.serial += 1
        data = [("id", str(self.serial))]
        for column in range(self.rng.randrange(4)):
            data.append(("c%d" % column, self.rng.choice(VALUES)))
        payload = [("stream", self.string(name)), ("data", self.object(data)), ("emitted_at", "1700000000000")]
        if namespace is not None:
            payload.append(("namespace", self.string(namespace)))
        elif self.rng.random() < 0.2:
            payload.append(("namespace", "null"))
        if self.rng.random() < 0.1:
            payload.append(("meta", '{"changes":[]}'))
        return self.message("RECORD", "record", self.object(payload))

    def state(self):
        name, namespace = self.rng.choice(STREAMS)
        self.serial += 1
        descriptor = [("name", self.string(name))]
        if namespace is not None:
            descriptor.append(("namespace", self.string(namespace)))
        blob = self.object([("cursor", str(self.serial)), ("odd", self.rng.choice(VALUES))])
        payload = [("type", '"STREAM"'),
                   ("stream", self.object([("stream_descriptor", self.object(descriptor)), ("stream_state", blob)]))]
        stats = self.rng.choice([None, None, "null", "{}", '{"recordCount":null}', '{"rejectedRecordCount":3}',
                                 '{"recordCount":%d.0}' % self.rng.randrange(5)])
        if stats is not None:
            payload.append(("sourceStats", stats))
        if self.rng.random() < 0.2:
            payload.append(("x_id", "77"))
        return self.message("STATE", "state", self.object(payload))

    def control(self):
        self.clock += self.rng.choice([0.125, 1, 1000.5, 2500, -2000])
        self.serial += 1
        config = [("api_key", str(self.serial))]
        if self.rng.random() < 0.3:
            config.append(("start_date", self.string("day %d" % (self.serial % 3))))
        text = self.object(config)
        if self.last_control and self.rng.random() < 0.3:
            text = self.last_control
        self.last_control = text
        return self.message("CONTROL", "control", self.object([
            ("type", '"CONNECTOR_CONFIG"'), ("emitted_at", repr(self.clock)),
            ("connectorConfig", self.object([("config", text)]))]))

    def log(self):
        return self.message("LOG", "log", self.object([("level", '"INFO"'), ("message", self.rng.choice(
            [value for value in VALUES if value[0] == '"']))]))

    def trace(self):
        kind, key, payload = self.rng.choice([
            ("ESTIMATE", "estimate", '{"name":"users","type":"STREAM","row_estimate":5}'),
            ("STREAM_STATUS", "stream_status", '{"stream_descriptor":{"name":"users"},"status":"RUNNING"}'),
            ("ANALYTICS", "analytics", '{"type":"t","value":"v"}')])
        return self.message("TRACE", "trace", self.object(
            [("type", '"%s"' % kind), ("emitted_at", "1700000000000.5"), (key, payload)]))

    def other(self):
        return self.rng.choice([
            lambda: self.message("FUTURE_KIND", "future", '{"a":1}'), lambda: '{"type":"CATALOG","catalog":{"streams":[]}}',
            lambda: '{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}', lambda: '{"type":"record"}',
            lambda: '{"record":{},"type":"Record"}'])()

    def text(self):
        return self.rng.choice([
            "plain words", "\u2028", "[1,2,3]", '"type"', "{not json}", "{ 'type': 'RECORD' }", "{{", "{", " { ", "[", "{}", "{ }",
            '{"message":"structured log","level":30}', '{"type":5}', '{"type":null,"time":1}', "42", "\ufeffwords",
            "words { more", "warning: {'a': 1}", "\x00\x01", '{"a":{"type":"RECORD","record":{}}}',
            'got {"type":"RECORD","record":{"stream":"users","data":{}}} from the queue'])

    def glued(self):
        parts = [self.rng.choice([self.record, self.record, self.state, self.log, self.trace])()
                 + self.rng.choice(["", "", " ", "\t"]) for _ in range(self.rng.randrange(2, 5))]
        return "".join(parts)

    def behind_text(self):
        return self.rng.choice(["progress 3% ", "x", "\ufeff", "[info] "]) + self.glued()

    def clean_line(self):
        """One line of any kind that is no fault."""
        maker = self.rng.choices(
            [self.record, self.state, self.log, self.trace, self.control, self.text, self.other, self.glued,
             self.behind_text, lambda: self.record(UNKNOWN), lambda: self.rng.choice(["", " ", "\t\r", "\r"])],
            [70, 6, 3, 2, 1, 4, 2, 4, 2, 2, 2])[0]
        whole = maker().encode()
        if maker == self.record and self.rng.random() < 0.1:
            whole = self.rng.choice([b" ", b"\t "]) + whole
        return whole + self.rng.choice([b"", b"", b"", b"\r", b" "])

    def fault(self):
        """One malformed line."""
        good = self.record().encode()
        return self.rng.choice([
            lambda: good[:-1], lambda: good[:len(good) // 2].rstrip(b"\xc3\xe2\x80\xa8") + b"\xff", lambda: good + b"}",
            lambda: good + b" trailing", lambda: good + good[:-1], lambda: b'text { "type":"RECORD","record":{"stream":"users"',
            lambda: b'{"',
            lambda: b'{"type":"RECORD","type":"RECORD","record":{"stream":"users","data":{}}}',
            lambda: b'{"type":"RECORD","record":{"stream":"users","stream":"users","data":{}}}',
            lambda: b'{"typ\\u0065":"RECORD","record":{"stream":"users","data":{}},"type":"RECORD"}',
            lambda: b'{"type":"RECORD","record":{"stre\\u0061m":"ghost","stream":"users","data":{}}}',
            lambda: b'{"type":"RECORD","record":{"data":{}}}', lambda: b'{"type":"RECORD"}',
            lambda: b'{"type":"RECORD","record":{"stream":"users","data":[]}}',
            lambda: b'{"type":"RECORD","record":{"stream":5,"data":{}}}',
            lambda: b'{"type":"RECORD","record":{"stream":"\\ud800","data":{}}}',
            lambda: b'{"record":{"stream":"users","data":{}}}', lambda: b'{"type":7,"state":{}}',
            lambda: b'{"type":"RECORD","record":{"stream":"users","data":{"a":NaN}}}',
            lambda: b'{"type":"RECORD","record":{"stream":"users","data":{"a":01}}}',
            lambda: b'{"type":"RECORD","record":{"stream":"users","data":{"a":1.}}}',
            lambda: b'{"type":"RECORD","record":{"stream":"users","data":{"a":"\x01"}}}',
            lambda: b'{"type":"RECORD","record":{"stream":"users","data":{"a":"\\x"}}}',
            lambda: b'{"type":"RECORD","record":{"stream":"users","data":{"a":"\xed\xa0\x80"}}}',
            lambda: b'{"type":"RECORD","record":{"stream":"users","data":{"a":"\xc0\x80"}}}',
            lambda: b'{"type":"RECORD","record":{"stream":"users","data":{"a":1,}}}',
            lambda: b'{"type":"RECORD","record":{"stream":"users","data":{"a":' + b"[" * 1100 + b"]" * 1100 + b"}}}",
        ])()


def clean_lines(rng, count):
    maker = Maker(rng)
    return b"\n".join(maker.clean_line() for _ in range(count)) + b"\n"


def faulty_lines(rng, count, share=0.05):
    maker = Maker(rng)
    return b"\n".join(maker.fault() if rng.random() < share and index > count // 10 else maker.clean_line()
                      for index in range(count)) + b"\n"
