// The rules of protocol/envelope.h, clause by clause (contract decisions 3 to 5, edge rules 1 and
// 2). Each row is one line and the kinds of the items it becomes; see Harness::Verdict for what
// else is checked on the way. Rows marked kShortOnly are glued: a long line of that form is
// malformed.

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/protocol_hot/harness.h"

namespace shunt::testing {
namespace {

struct Row {
  const char* clause;
  std::string line;
  const char* verdict;
};

void Check(const std::vector<Row>& rows) {
  Harness harness;
  for (const Row& row : rows) {
    SCOPED_TRACE(std::string(row.clause) + ": " + row.line);
    EXPECT_EQ(harness.Verdict(row.line), row.verdict);
    const std::string verdict = row.verdict;
    const bool glued = verdict.find('|') != std::string::npos;
    EXPECT_EQ(harness.LongVerdict(row.line), glued ? "malformed" : verdict);
  }
}

const std::string kRecord = RecordWithData("{}");
const std::string kLog = R"({"type":"LOG","log":{"level":"INFO","message":"m"}})";
const std::string kState = R"({"type":"STATE","state":{"data":{"c":1}}})";

TEST(EnvelopeRules, EmptyLines) {
  Check({
      {"1", "", ""},
      {"1 blanks", " \t\r", ""},
  });
}

TEST(EnvelopeRules, TextThatDoesNotBeginLikeAnObject) {
  Check({
      {"2 words", "starting up", "text"},
      {"2 behind blanks", "  \tstarting up\r", "text"},
      {"2 array", R"(["type"])", "text"},
      {"2 number", "42", "text"},
      {"2 string", R"("x")", "text"},
      {"2 null", "null", "text"},
      {"2 odd quote", R"(it's 5" wide)", "text"},
      {"2 open escape", R"(C:\temp\)", "text"},
      {"2 progress bar and colours", "50%\r\x1b[32m100%\x1b[0m", "text"},
      {"2 NUL", std::string("\0x", 2), "text"},
      {"2 not UTF-8", "caf\xe9", "text"},
      {"2 form feed is no blank", "\f{}", "text"},
      {"2 no-break space is no blank", "\xc2\xa0{}", "text"},
  });
}

TEST(EnvelopeRules, TextBehindABrace) {
  Check({
      {"3 python", "{'a': 1}", "text"},
      {"3 go", "{0xc000 <nil>}", "text"},
      {"3 behind blanks", " { \t(x)", "text"},
      {"3 two braces", "{{x}}", "text"},
      {"3 template", "{{\"x\"}}", "text"},
      {"3 escaped quote", R"({\"type\":\"RECORD\"})", "text"},
  });
}

TEST(EnvelopeRules, LineCutAfterItsFirstByte) {
  Check({
      {"4", "{", "malformed"},
      {"4 blanks", " { \r", "malformed"},
  });
  Harness harness;
  for (const std::string_view line : {"{\n", " { \t\r\n"}) {
    EXPECT_EQ(Kinds(harness.Classify(line)), "text") << line;
    EXPECT_EQ(Kinds(harness.ClassifyParts({line})), "text") << line;
  }
}

TEST(EnvelopeRules, BrokenObjects) {
  Check({
      {"5 followed by text", kRecord + " xyz", "malformed"},
      {"5 followed by a bracket", kRecord + "}", "malformed"},
      {"5 followed by a comma", kRecord + ",", "malformed"},
      {"5 text object followed by text", R"({"a":1} b)", "malformed"},
      {"5 empty object followed by text", "{} items", "malformed"},
      {"5 message, text, message", kLog + " and " + kLog, "malformed"},
      {"5 message, then text behind a brace", kLog + "{'a':1}", "malformed"},
      {"5 NaN", R"({"type":"CONTROL","control":{"emitted_at":NaN}})", "malformed"},
      {"5 Infinity", R"({"type":"CONTROL","control":{"emitted_at":Infinity}})", "malformed"},
      {"5 log in the middle of a line", R"({"type":"RECORD","record":{"str2024 INFO hello)",
       "malformed"},
      {"5 raw control", "{\"type\":\"LOG\",\"log\":{\"message\":\"a\tb\"}}", "malformed"},
      {"5 raw NUL", std::string("{\"type\":\"LO\0G\"}", 15), "malformed"},
      {"5 not UTF-8", "{\"type\":\"LOG\",\"log\":{\"message\":\"caf\xe9\"}}", "malformed"},
      {"5 not UTF-8, cut by the end of the line", "{\"type\":\"\xe2\x82", "malformed"},
      {"5 unclosed string", R"({"type":"LOG)", "malformed"},
      {"5 only a key", R"({"type"})", "malformed"},
      {"5 trailing comma", R"({"type":"LOG",})", "malformed"},
      {"5 single quotes inside", R"({"type":'LOG'})", "malformed"},
      {"5 number key", R"({"type":"LOG",1:2})", "malformed"},
  });
}

TEST(EnvelopeRules, ALineCutAtEveryByteIsMalformed) {
  Harness harness;
  const std::string line =
      R"( {"type":"RECORD","record":{"stream":"us\u0065rs","namespace":"public","data":)"
      R"({"a":[1.5e3,true,null,"é\n"],"b":{}},"emitted_at":17000}, "x" : [ {} ] } )";
  ASSERT_EQ(harness.Verdict(line), "record");
  for (std::size_t size = 2; size < line.size() - 1; ++size) {
    EXPECT_EQ(harness.Verdict(line.substr(0, size)), "malformed") << size;
    EXPECT_EQ(harness.LongVerdict(line.substr(0, size)), "malformed") << size;
  }
}

TEST(EnvelopeRules, ObjectsWithoutAStringType) {
  Check({
      {"6 empty object", "{}", "text"},
      {"6 library log", R"({"level":"info","msg":"x"})", "text"},
      {"6 type is a number", R"({"type":5})", "text"},
      {"6 type is null", R"({"type":null,"a":[{}]})", "text"},
      {"6 type is an object", R"({"type":{"type":"RECORD"}})", "text"},
      {"6 record", R"({"record":{}})", "malformed"},
      {"6 state", R"({"state":null})", "malformed"},
      {"6 control", R"({"control":1})", "malformed"},
      {"6 trace", R"({"trace":""})", "malformed"},
      {"6 log", R"({"log":"hello"})", "malformed"},
      {"6 catalog", R"({"catalog":[]})", "malformed"},
      {"6 spec", R"({"spec":true})", "malformed"},
      {"6 connectionStatus", R"({"connectionStatus":{}})", "malformed"},
      {"6 number type and payload", R"({"type":1,"record":{"stream":"users","data":{}}})",
       "malformed"},
      {"6 other spellings are no payload keys", R"({"Record":1,"logs":2,"connection_status":3})",
       "text"},
      {"6 escaped payload key", R"({"re\u0063ord":{}})", "malformed"},
      {"6 escaped type", R"({"\u0074ype":"RECORD"})", "malformed"},
      {"6 escaped type, no string", R"({"\u0074ype":1})", "text"},
      {"6 escaped key of no meaning", R"({"\u0061":1,"a\n":2})", "text"},
      {"6 duplicate key of no meaning", R"({"a":1,"a":2})", "text"},
      {"6 type twice, a string once", R"({"type":1,"type":"LOG"})", "malformed"},
  });
}

TEST(EnvelopeRules, KindsOfMessages) {
  Check({
      {"8 RECORD", kRecord, "record"},
      {"8 STATE", kState, "state"},
      {"8 LOG", kLog, "log"},
      {"8 TRACE", R"({"type":"TRACE","trace":{"type":"ERROR"}})", "trace"},
      {"8 CONTROL", R"({"type":"CONTROL","control":{}})", "control"},
      {"8 SPEC", R"({"type":"SPEC","spec":{}})", "other"},
      {"8 CATALOG", R"({"type":"CATALOG","catalog":{}})", "other"},
      {"8 CONNECTION_STATUS", R"({"type":"CONNECTION_STATUS","connectionStatus":{}})", "other"},
      {"8 unknown", R"({"type":"FOO"})", "other"},
      {"8 empty type", R"({"type":""})", "other"},
      {"8 case matters", R"({"type":"record","record":{}})", "other"},
      {"8 type last", R"({"record":{"data":{},"stream":"users"},"type":"RECORD"})", "record"},
      {"8 type in the middle", R"({"x":[],"type":"LOG","log":{}})", "log"},
      {"8 escaped type value", R"({"type":"\u0052ECORD","record":{"stream":"users","data":{}}})",
       "record"},
      {"8 blanks everywhere", " { \"type\" : \"LOG\" , \"log\" : { } } \t\r", "log"},
      {"8 CRLF", kRecord + "\r", "record"},
      {"8 no payload", R"({"type":"LOG"})", "log"},
      {"8 payload of another type of value", R"({"type":"TRACE","trace":5})", "trace"},
      {"8 null payloads of other kinds (PyAirbyte)",
       R"({"type":"RECORD","log":null,"spec":null,"connectionStatus":null,"catalog":null,)"
       R"("record":{"stream":"users","data":{},"emitted_at":1},"state":null,"trace":null,)"
       R"("control":null})",
       "record"},
  });
}

TEST(EnvelopeRules, EscapedAndDuplicateKeys) {
  Check({
      {"7 type twice", R"({"type":"LOG","type":"LOG"})", "malformed"},
      {"7 record twice",
       R"({"type":"RECORD","record":{"stream":"users","data":{}},"record":{"stream":"users","data":{}}})",
       "malformed"},
      {"7 record, then null",
       R"({"type":"RECORD","record":{"stream":"users","data":{}},"record":null})", "malformed"},
      {"7 unknown key twice", R"({"type":"LOG","x":1,"y":2,"x":1})", "malformed"},
      {"7 empty key twice", R"({"type":"LOG","":1,"":1})", "malformed"},
      {"7 stream twice",
       R"({"type":"RECORD","record":{"stream":"users","stream":"users","data":{}}})", "malformed"},
      {"7 data twice", R"({"type":"RECORD","record":{"stream":"users","data":{},"data":{}}})",
       "malformed"},
      {"7 unknown record key twice",
       R"({"type":"RECORD","record":{"stream":"users","x":1,"data":{},"x":1}})", "malformed"},
      {"7 control key twice", R"({"type":"CONTROL","control":{"emitted_at":1,"emitted_at":2}})",
       "malformed"},
      {"7 state key twice", R"({"type":"STATE","state":{"data":{},"data":{}}})", "malformed"},
      {"7 key of another payload twice",
       R"({"type":"RECORD","record":{"stream":"users","data":{}},"log":{"a":1,"a":1}})",
       "malformed"},
      {"7 escaped type", R"({"\u0074ype":"LOG"})", "malformed"},
      {"7 escaped and plain type", R"({"type":"LOG","\u0074ype":"RECORD"})", "malformed"},
      {"7 escaped record", R"({"type":"RECORD","r\u0065cord":{"stream":"users","data":{}}})",
       "malformed"},
      {"7 escaped stream",
       R"({"type":"RECORD","record":{"str\u0065am":"users","stream":"users","data":{}}})",
       "malformed"},
      {"7 any escape in any key", R"({"type":"LOG","a\/b":1})", "malformed"},
      {"7 any escape in any payload key", R"({"type":"LOG","log":{"a\nb":1}})", "malformed"},
      {"7 deeper duplicates pass", RecordWithData(R"({"a":1,"a":2,"b":{"c":1,"c":1}})"), "record"},
      {"7 deeper escapes pass", RecordWithData(R"({"\u0061":1,"a":2})"), "record"},
      {"7 the same key on both levels",
       R"({"type":"LOG","message":1,"log":{"message":"x","type":"y"}})", "log"},
      {"7 duplicates in an unknown object pass", R"({"type":"LOG","x":{"a":1,"a":1}})", "log"},
      {"7 duplicates in an array payload pass", R"({"type":"LOG","log":[{"a":1,"a":1}]})", "log"},
  });
}

TEST(EnvelopeRules, RecordsNeedAStreamAndData) {
  const auto record = [](const std::string& fields) {
    return R"({"type":"RECORD","record":{)" + fields + "}}";
  };
  Check({
      {"7 no record", R"({"type":"RECORD"})", "malformed"},
      {"7 null record", R"({"type":"RECORD","record":null})", "malformed"},
      {"7 array record", R"({"type":"RECORD","record":[]})", "malformed"},
      {"7 empty record", record(""), "malformed"},
      {"7 case of the payload key", R"({"type":"RECORD","Record":{"stream":"users","data":{}}})",
       "malformed"},
      {"7 no stream", record(R"("data":{})"), "malformed"},
      {"7 number stream", record(R"("stream":5,"data":{})"), "malformed"},
      {"7 null stream", record(R"("stream":null,"data":{})"), "malformed"},
      {"7 object stream", record(R"("stream":{},"data":{})"), "malformed"},
      {"7 no data", record(R"("stream":"users")"), "malformed"},
      {"7 null data", record(R"("stream":"users","data":null)"), "malformed"},
      {"7 array data", record(R"("stream":"users","data":[])"), "malformed"},
      {"7 string data", record(R"("stream":"users","data":"{}")"), "malformed"},
      {"7 number namespace", record(R"("stream":"users","namespace":1,"data":{})"), "malformed"},
      {"7 object namespace", record(R"("stream":"users","namespace":{},"data":{})"), "malformed"},
      {"7 no emitted_at is fine", record(R"("stream":"users","data":{})"), "record"},
      {"7 string emitted_at is fine", record(R"("stream":"users","data":{},"emitted_at":"x")"),
       "record"},
      {"7 unknown keys are fine", record(R"("stream":"users","data":{},"x":[1,{"y":2}],"meta":{})"),
       "record"},
      {"7 stream and data outside record do not count",
       R"({"type":"RECORD","stream":"users","data":{},"record":{}})", "malformed"},
  });
}

TEST(EnvelopeRules, LoneSurrogates) {
  const auto record = [](const std::string& fields) {
    return R"({"type":"RECORD","record":{)" + fields + R"(,"data":{}}})";
  };
  Check({
      {"7 in stream", record(R"("stream":"\ud800")"), "malformed"},
      {"7 low half in stream", record(R"("stream":"\udc00")"), "malformed"},
      {"7 halves swapped", record(R"("stream":"\udc00\ud800")"), "malformed"},
      {"7 high half before a letter", record(R"("stream":"\ud83dx")"), "malformed"},
      {"7 two high halves", record(R"("stream":"\ud83d\ud83d\ude00")"), "malformed"},
      {"7 in namespace", record(R"("stream":"users","namespace":"\udfff")"), "malformed"},
      {"7 in type", R"({"type":"\ud800"})", "malformed"},
      {"7 a pair is a character", record(R"("stream":"\ud83d\ude00")"), "unknown"},
      {"7 in data it passes", RecordWithData(R"({"k":"\ud800"})"), "record"},
      {"7 as a key of data it passes", RecordWithData(R"({"\udc00":1})"), "record"},
      {"7 elsewhere in the envelope it passes", R"({"type":"LOG","log":{"message":"\ud800"}})",
       "log"},
  });
}

TEST(EnvelopeRules, StatesWithoutAUsablePayload) {
  Check({
      {"no state", R"({"type":"STATE"})", "unusable"},
      {"null state", R"({"type":"STATE","state":null})", "unusable"},
      {"array state", R"({"type":"STATE","state":[]})", "unusable"},
      {"legacy", R"({"type":"STATE","state":{"data":{}}})", "state"},
      {"stream",
       R"({"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":)"
       R"({"name":"users"},"stream_state":{"c":1}}}})",
       "state"},
      {"global", R"({"type":"STATE","state":{"type":"GLOBAL","global":{"stream_states":[]}}})",
       "state"},
      {"type last", R"({"state":{"data":1},"type":"STATE"})", "state"},
  });
  // A long line's payload is not looked into here: whoever takes the state does that.
  Harness harness;
  EXPECT_EQ(harness.Verdict(R"({"type":"STATE","state":{}})"), "unusable");
  EXPECT_EQ(harness.Verdict(R"({"type":"STATE","state":{"type":"FOO","data":1}})"), "unusable");
  EXPECT_EQ(harness.Verdict(R"({"type":"STATE","state":{"type":"STREAM"}})"), "unusable");
  EXPECT_EQ(harness.LongVerdict(R"({"type":"STATE","state":{}})"), "state");
}

TEST(EnvelopeRules, GluedMessages) {
  const std::string unknown = R"({"type":"RECORD","record":{"stream":"nope","data":{}}})";
  Check({
      {"5 two messages", kLog + kState, "log|state"},
      {"5 blanks between", kLog + " \t" + kState + " \r", "log|state"},
      {"5 two records stay two pieces", kRecord + kRecord, "record|record"},
      {"5 three", kRecord + kLog + unknown, "record|log|unknown"},
      {"11 second is cut", kRecord + kRecord.substr(0, 40), "malformed"},
      {"11 first is broken", R"({"type":"LOG",})" + kRecord, "malformed"},
      {"11 second is no record", kLog + R"({"type":"RECORD"})", "malformed"},
      {"11 second has a duplicate key", kLog + R"({"type":"LOG","a":1,"a":1})", "malformed"},
      {"6 text object before", R"({"a":1})" + kLog, "text|log"},
      {"6 text object behind", kLog + "{}", "log|text"},
      {"12 text objects are one piece", R"({"a":1}{})" + kLog + "{} {}", "text|log|text"},
      {"12 only text objects", R"({"a":1}{"b":2})", "text"},
      {"9 text before", "done." + kRecord, "text|record"},
      {"9 text before two", "INFO " + kLog + kState, "text|log|state"},
      {"9 byte order mark", "\xef\xbb\xbf" + kRecord, "text|record"},
      {"9 text behind a brace before", "{'a':1}" + kRecord, "text|record"},
      {"9 odd quote before", "5\" " + kRecord, "text|record"},
      {"9 backslash before", "C:\\ " + kRecord, "text|record"},
      {"9 not UTF-8 before", "caf\xe9 " + kRecord, "text|record"},
      {"9 text object and message behind text", "x {\"a\":1}" + kLog, "text|log"},
      {"9 message and text object behind text", "x " + kLog + "{\"a\":1}", "text|log|text"},
      {"9 open object before", R"(x {"a": )" + kLog, "text|log"},
      {"9 open string before", R"(x {"a": "b )" + kLog, "text|log"},
      {"9 open key before", R"(x {"a )" + kLog, "text|log"},
      {"9 quotation, then a message", "got " + kLog + " then " + kRecord, "text|record"},
      {"9 malformed message behind text", R"(x {"type":"RECORD"})", "malformed"},
      {"9 message with duplicate keys behind text", R"(x {"type":"LOG","a":1,"a":1})", "malformed"},
      {"9 message and a payload key without a type", "x " + kLog + R"({"log":1})", "malformed"},
      {"9 good and bad behind text", "x " + kLog + R"({"type":"RECORD"})", "malformed"},
  });
}

TEST(EnvelopeRules, QuotationsAreText) {
  Check({
      {"9 message in the middle", "got " + kRecord + " from source", "text"},
      {"9 message before a full stop", "got " + kRecord + ".", "text"},
      {"9 in brackets", "[" + kRecord + "]", "text"},
      {"9 two", "got " + kRecord + " and " + kLog + "!", "text"},
      {"9 a bad one", R"(got {"type":"RECORD"} there)", "text"},
      {"9 text object at the end", R"(got {"a":1})", "text"},
      {"9 payload key without a type at the end", R"(read {"state":{"a":1}})", "text"},
      {"9 the same inside an open object", R"(read {"a":{"state":{}})", "text"},
      {"9 text object in the middle", R"(got {"a":1} there)", "text"},
      {"9 broken object", R"(got {"a":)", "text"},
      {"9 braces", "f() { return {}; }", "text"},
      {"9 many braces", "{{{{{{{{ x }}}}}}}}", "text"},
  });
}

TEST(EnvelopeRules, BrokenMessagesBehindText) {
  Check({
      {"10 cut", R"(x {"type":"RECORD","rec)", "malformed"},
      {"10 cut, blanks", "x { \t\"type\" ", "malformed"},
      {"10 record first", R"(x {"record":{"stream")", "malformed"},
      {"10 log in the middle", R"(x {"type":"RECORD","record":INFO hello)", "malformed"},
      {"10 and a whole one behind", R"(x {"type":"RECORD","rec)" + kRecord, "malformed"},
      {"10 whole, then cut", "x " + kRecord + R"({"type":"REC)", "malformed"},
      {"10 behind an open object", R"(x {"a":{"type":"RECORD",)", "malformed"},
      {"10 behind an open string", R"(x {"a":"b {"type":"RECORD",)", "malformed"},
      {"10 behind a closed one", R"(x {"a":{"type":"LOG"},)", "text"},
      {"10 cut inside the key", R"(x {"typ)", "text"},
      {"10 another key first", R"(x {"a":"b","type":"RECORD",)", "text"},
      {"10 type is a longer key", R"(x {"types":"RECORD",)", "text"},
      {"10 quoted JSON in JSON", R"(x {\"type\":\"RECORD\")", "text"},
  });
}

}  // namespace
}  // namespace shunt::testing
