#include "tests/protocol_hot/rows.h"

namespace shunt::testing {

RowSource::RowSource(uint64_t seed) : random_(seed) {
  const bool blanks = Below(3) == 0;
  comma_ = blanks ? ", " : ",";
  colon_ = blanks ? ": " : ":";
  for (std::size_t i = 1 + Below(14); i > 0; --i) fields_.push_back(MakeField(1));
}

RowSource::Field RowSource::MakeField(int depth) {
  static const std::vector<std::string> kKeys = {
      "id", "name", "updated_at", "a_key_that_is_longer_than_a_vector", "é", "q\\\"uote", ""};
  Field field;
  field.key = kKeys[Below(kKeys.size())] + std::to_string(Below(10));
  field.kind = static_cast<int>(Below(depth > 3 ? 5 : 8));
  field.optional = Below(4) == 0;
  for (std::size_t i = Below(5); i > 0 && field.kind >= 5; --i) {
    field.inner.push_back(MakeField(depth + 1));
  }
  return field;
}

std::string RowSource::Row() { return Object(fields_); }

std::string RowSource::BrokenRow() {
  static const std::string kBytes =
      "{}[]\",:\\ \t\r\n0129.eE+-truefalsnu/x\x01\x7f\x80\xc3\xed\xff";
  std::string row = Row();
  for (std::size_t i = 1 + Below(2); i > 0; --i) {
    const std::size_t at = Below(row.size());
    const char byte = kBytes[Below(kBytes.size())];
    switch (Below(4)) {
      case 0:
        row.insert(at, 1, byte);
        break;
      case 1:
        row.erase(at, 1);
        break;
      case 2:
        row.insert(at, row.substr(Below(row.size()), Below(20)));
        break;
      default:
        row[at] = byte;
    }
    if (row.empty()) row = "{";
  }
  return row;
}

std::string RowSource::Object(const std::vector<Field>& fields) {
  std::string text = "{";
  for (const Field& field : fields) {
    if (field.optional && Below(3) == 0) continue;
    if (text.size() > 1) text += comma_;
    text += '"';
    text += field.key;
    text += '"';
    text += colon_;
    text += Value(field);
  }
  return text + "}";
}

std::string RowSource::Value(const Field& field) {
  switch (field.kind) {
    case 0:
    case 1:
      return Below(6) == 0 ? "null" : Text();
    case 2:
    case 3:
      return Below(6) == 0 ? "null" : Number();
    case 4:
      return Below(2) == 0 ? "true" : "false";
    case 5:
      return Object(field.inner);
    default: {
      std::string text = "[";
      for (std::size_t i = Below(5); i > 0; --i) {
        if (text.size() > 1) text += comma_;
        text += field.kind == 6 ? Object(field.inner) : Below(2) == 0 ? Text() : Number();
      }
      return text + "]";
    }
  }
}

std::string RowSource::Text() {
  static const std::vector<std::string> kWords = {
      "word", " ", "é", "日本 😀", "\\\"", "\\\\", "\\u00e9", "\\ud800", ",", "{", "]", "0.5", ":",
  };
  std::string text = "\"";
  for (std::size_t i = Below(Below(8) == 0 ? 60 : 6); i > 0; --i)
    text += kWords[Below(kWords.size())];
  return text + "\"";
}

std::string RowSource::Number() {
  static const std::vector<std::string> kOdd = {"0",      "-0",
                                                "1e400",  "-1.5E-7",
                                                "0.0",    "1e5",
                                                "0e+1",   "123456789012345678901234567890",
                                                "12.0e3", "1234567890.12345678"};
  if (Below(5) == 0) return kOdd[Below(kOdd.size())];
  std::string number = std::to_string(Below(10) == 0 ? random_() : Below(100'000));
  if (Below(3) == 0) number += "." + std::to_string(Below(1000));
  return Below(4) == 0 ? "-" + number : number;
}

}  // namespace shunt::testing
