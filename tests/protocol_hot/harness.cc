#include "tests/protocol_hot/harness.h"

#include "gtest/gtest.h"

namespace shunt::testing {
namespace {

constexpr std::string_view kNeighbour =
    R"({"type":"RECORD","record":{"stream":"users","data":{"id":1},"emitted_at":1}})"
    "\n";

// Bytes that would complete what a line left open, were they read.
constexpr std::string_view kHostilePadding = "\"}]}}0123456789\\\"n}]}null,true}}}\"e9,{\"type\":";

ConfiguredCatalog MakeCatalog() {
  const auto stream = [](std::string name, std::optional<std::string> name_space = {}) {
    return ConfiguredStream{{std::move(name), std::move(name_space)}, false};
  };
  return {{stream("users"), stream("users", "public"), stream("users", ""), stream(""),
           stream("a\"b"), stream("a\\u0041")}};
}

// The verdict on the line when an LF ends it. It is the same but for a lone `{` (rule 4).
std::string WithNewline(std::string_view line, const std::string& verdict) {
  constexpr std::string_view kBlanks = " \t\r";
  const std::size_t first = line.find_first_not_of(kBlanks);
  const bool lone = first != std::string_view::npos && line[first] == '{' &&
                    line.find_first_not_of(kBlanks, first + 1) == std::string_view::npos;
  return lone ? "text" : verdict;
}

}  // namespace

const ConfiguredCatalog& TestCatalog() {
  static const auto& catalog = *new ConfiguredCatalog(MakeCatalog());
  return catalog;
}

std::string Join(std::initializer_list<std::string_view> pieces) {
  std::string text;
  for (const std::string_view piece : pieces) text += piece;
  return text;
}

std::string RecordWithData(std::string_view data) {
  std::string line = R"({"type":"RECORD","record":{"stream":"users","data":)";
  line += data;
  return line + R"(,"emitted_at":1}})";
}

std::string RecordWithValue(std::string_view value) {
  std::string data = R"({"k":)";
  data += value;
  return RecordWithData(data + "}");
}

Harness::Harness(const ClassifierOptions& options, const ConfiguredCatalog& catalog)
    : classifier_(std::make_unique<LineClassifier>(options, &catalog)) {}

const ClassifiedBlock& Harness::Classify(std::string_view block) {
  bytes_ = block;
  while (bytes_.size() < block.size() + kLinePadding) bytes_ += kHostilePadding;
  bytes_.resize(block.size() + kLinePadding);
  bytes_.shrink_to_fit();
  classifier_->Classify(std::string_view(bytes_).substr(0, block.size()), &out_);
  return out_;
}

const ClassifiedBlock& Harness::ClassifyParts(const std::vector<std::string_view>& parts) {
  classifier_->ClassifyLong(parts, &out_);
  return out_;
}

std::string Harness::Verdict(std::string_view line) {
  const std::string verdict = Kinds(Classify(line));
  const std::string with_newline = std::string(line) + "\n";
  EXPECT_EQ(Kinds(Classify(with_newline)), WithNewline(line, verdict))
      << "with LF: " << line.substr(0, 200);

  // The neighbours are records whatever the line is. They may merge with it when it is one.
  const std::string between = std::string(kNeighbour) + with_newline + std::string(kNeighbour);
  const ClassifiedBlock& three = Classify(between);
  EXPECT_EQ(three.counts.physical_lines, 3u);
  const std::size_t records = three.counts[LineKind::kRecord];
  const std::size_t own = Classify(with_newline).counts[LineKind::kRecord];
  EXPECT_EQ(records, own + 2) << "between neighbours: " << line.substr(0, 200);
  return verdict;
}

std::string Harness::LongVerdict(std::string_view line) {
  const std::string verdict = Kinds(ClassifyParts({line}));
  std::vector<std::string_view> bytes;
  bytes.reserve(line.size());
  for (std::size_t i = 0; i < line.size(); ++i) bytes.push_back(line.substr(i, 1));
  EXPECT_EQ(Kinds(ClassifyParts(bytes)), verdict) << "byte by byte: " << line.substr(0, 200);
  const std::size_t half = line.size() / 2;
  EXPECT_EQ(Kinds(ClassifyParts({line.substr(0, half), "", line.substr(half), "\n"})),
            WithNewline(line, verdict))
      << "in halves, with LF: " << line.substr(0, 200);
  return verdict;
}

std::string_view KindName(LineItem::Kind kind) {
  switch (kind) {
    case LineItem::Kind::kRun:
      return "record";
    case LineItem::Kind::kState:
      return "state";
    case LineItem::Kind::kUnusableState:
      return "unusable";
    case LineItem::Kind::kUnknownStream:
      return "unknown";
    case LineItem::Kind::kControl:
      return "control";
    case LineItem::Kind::kLog:
      return "log";
    case LineItem::Kind::kTrace:
      return "trace";
    case LineItem::Kind::kOther:
      return "other";
    case LineItem::Kind::kText:
      return "text";
    case LineItem::Kind::kMalformed:
      return "malformed";
  }
  return "?";
}

std::string Kinds(const ClassifiedBlock& block) {
  std::string kinds;
  for (const LineItem& item : block.items) {
    if (!kinds.empty()) kinds += '|';
    kinds += KindName(item.kind);
  }
  return kinds;
}

std::string Show(const ClassifiedBlock& block) {
  std::string text;
  for (const LineItem& item : block.items) {
    text += std::string(KindName(item.kind)) + " [" + std::to_string(item.begin) + "," +
            std::to_string(item.end) + ")" + (item.add_newline ? "+LF" : "") +
            (item.mentions_config ? " config" : "") +
            (item.part == TextPart::kOpens       ? " opens"
             : item.part == TextPart::kNamesType ? " type"
                                                 : "") +
            " lines=" + std::to_string(item.lines) + " first=" + std::to_string(item.first_line) +
            " deltas=" + std::to_string(item.deltas_end) + "\n";
  }
  for (const StreamDelta& delta : block.deltas) {
    text += "delta " + std::to_string(delta.stream) + ": " + std::to_string(delta.records) +
            " records, " + std::to_string(delta.bytes) + " bytes\n";
  }
  for (int kind = 0; kind < kLineKinds; ++kind) {
    const uint64_t count = block.counts.by_kind[kind];
    if (count == 0) continue;
    text +=
        std::string(LineKindName(static_cast<LineKind>(kind))) + "=" + std::to_string(count) + " ";
  }
  return text + "lines=" + std::to_string(block.counts.physical_lines) +
         " glued=" + std::to_string(block.counts.glued_lines) + "\n";
}

}  // namespace shunt::testing
