// The same lines give the same verdicts wherever they stand: at every offset of a block, at every
// cut of a stream into blocks of whole lines, and at the very end of a block's readable bytes.

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/protocol_hot/harness.h"

namespace shunt::testing {
namespace {

const std::vector<std::string>& Lines() {
  static const auto& lines = *new std::vector<std::string>{
      R"({"type":"RECORD","record":{"stream":"users","data":{"id":1},"emitted_at":17}})",
      R"({"type":"RECORD","record":{"stream":"users","data":{"é":"\"\\"},"emitted_at":18}})",
      R"({"type":"STATE","state":{"data":{"c":1}}})",
      "text \"quoted",
      "",
      R"({"type":"LOG","log":{"message":"\n"}} {"type":"LOG"})",
      R"({"type":"RECORD","record":{"stream":"users","data":{"a":"cut)",
      R"({"type":"RECORD","record":{"namespace":"public","stream":"users","data":{},"emitted_at":1}})",
      "caf\xe9",
      "{\"type\":\"TRACE\"}\r",
  };
  return lines;
}

TEST(BlockBorders, EveryOffsetModuloTheVectorsOfAllKernels) {
  Harness harness;
  for (const std::string& line : Lines()) {
    const std::string alone = Kinds(harness.Classify(line + "\n"));
    for (std::size_t offset = 1; offset <= 130; ++offset) {
      // Behind an unknown stream's record of some length, before a text line.
      const std::string front = Join({R"({"type":"RECORD","record":{"stream":")",
                                      std::string(offset, 'x'), R"(","data":{}}})"});
      const std::string block = Join({front, "\n", line, "\n[]\n"});
      const std::string between = alone.empty() || alone == "text" ? "" : alone + "|";
      const std::string expected = Join({"unknown|", between, "text"});
      EXPECT_EQ(Kinds(harness.Classify(block)), expected) << offset << ": " << line;
    }
  }
}

// Merging runs across blocks is not the classifier's: what must agree are counts and deltas.
TEST(BlockBorders, EveryCutIntoTwoBlocks) {
  Harness harness;
  std::string stream;
  for (int i = 0; i < 3; ++i) {
    for (const std::string& line : Lines()) stream += line + "\n";
  }
  const ClassifiedBlock whole = harness.Classify(stream);
  for (std::size_t cut = stream.find('\n'); cut != std::string::npos;
       cut = stream.find('\n', cut + 1)) {
    LineCounts counts;
    uint64_t records = 0, bytes = 0;
    for (const std::string& block : {stream.substr(0, cut + 1), stream.substr(cut + 1)}) {
      const ClassifiedBlock& out = harness.Classify(block);
      counts.Add(out.counts);
      for (const StreamDelta& delta : out.deltas) {
        records += delta.records;
        bytes += delta.bytes;
      }
    }
    for (int kind = 0; kind < kLineKinds; ++kind) {
      EXPECT_EQ(counts.by_kind[kind], whole.counts.by_kind[kind]) << cut;
    }
    EXPECT_EQ(counts.physical_lines, whole.counts.physical_lines);
    EXPECT_EQ(counts.glued_lines, whole.counts.glued_lines);
    uint64_t whole_records = 0, whole_bytes = 0;
    for (const StreamDelta& delta : whole.deltas) {
      whole_records += delta.records;
      whole_bytes += delta.bytes;
    }
    EXPECT_EQ(records, whole_records);
    EXPECT_EQ(bytes, whole_bytes);
  }
}

// Exactly kLinePadding bytes behind the block, on the heap: AddressSanitizer watches the rest.
TEST(BlockBorders, NothingIsReadBehindThePadding) {
  LineClassifier classifier({}, &TestCatalog());
  ClassifiedBlock out;
  for (const std::string& line : Lines()) {
    for (std::size_t size = 0; size <= line.size(); ++size) {
      for (const char fill : {'"', '1', '\\', '{', ' ', '\n'}) {
        const auto bytes = std::make_unique<char[]>(size + kLinePadding);
        std::memcpy(bytes.get(), line.data(), size);
        std::memset(bytes.get() + size, fill, kLinePadding);
        classifier.Classify({bytes.get(), size}, &out);
        ASSERT_EQ(out.counts.physical_lines, size == 0 ? 0u : 1u);
      }
    }
  }
}

// No padding at all is needed behind the parts of a long line.
TEST(BlockBorders, PartsOfALongLineNeedNoPadding) {
  LineClassifier classifier({}, &TestCatalog());
  ClassifiedBlock out;
  for (const std::string& line : Lines()) {
    std::vector<std::unique_ptr<char[]>> owners;
    std::vector<std::string_view> parts;
    for (std::size_t at = 0; at < line.size(); at += 7) {
      const std::size_t size = std::min<std::size_t>(7, line.size() - at);
      owners.push_back(std::make_unique<char[]>(size));
      std::memcpy(owners.back().get(), line.data() + at, size);
      parts.emplace_back(owners.back().get(), size);
    }
    classifier.ClassifyLong(parts, &out);
    EXPECT_EQ(out.counts.physical_lines, 1u);
  }
}

// An LF is never a blank inside a message, wherever between two tokens it stands.
TEST(BlockBorders, AnLfBetweenTokensEndsTheLine) {
  Harness harness;
  const std::string line = R"( { "type" : "RECORD" , "record" : { "stream" : "users" , )"
                           R"("data" : { "a" : [ 1 , { } , [ ] ] , "b" : null } , "x" : 1 } } )";
  ASSERT_EQ(harness.Verdict(line), "record");
  const std::string neighbour = "{\"type\":\"LOG\"}\n";
  for (std::size_t at = 3; at < line.size() - 2; ++at) {
    if (line[at] != ' ') continue;
    std::string broken = line;
    broken[at] = '\n';
    const ClassifiedBlock& out = harness.Classify(Join({neighbour, broken, "\n", neighbour}));
    EXPECT_EQ(out.counts.physical_lines, 4u);
    EXPECT_EQ(out.counts[LineKind::kRecord], 0u) << broken;
    EXPECT_EQ(out.counts[LineKind::kLog], 2u) << broken;
    EXPECT_GE(out.counts[LineKind::kMalformed], 1u) << broken;
  }
}

// A shape learned from one line must not let a line pass that only resembles it.
TEST(BlockBorders, ALineThatResemblesTheOneBefore) {
  const std::string model =
      R"({"type":"RECORD","record":{"stream":"users","data":{"id":1},"emitted_at":17}})";
  const std::string junk = "{}[]\",:\\ x0-.e\t\x01\xff";
  for (std::size_t at = 0; at < model.size(); ++at) {
    for (const char c : junk) {
      for (const int how : {0, 1, 2}) {
        std::string line = model;
        if (how == 0) line[at] = c;
        if (how == 1) line.insert(at, 1, c);
        if (how == 2) line.erase(at, 1);
        Harness fresh;
        const std::string expected = Kinds(fresh.Classify(line + "\n"));
        // The LOG between merges with nothing.
        const std::string block = Join({model, "\n", model, "\n{\"type\":\"LOG\"}\n", line, "\n"});
        EXPECT_EQ(Kinds(fresh.Classify(block)), "record|log|" + expected) << line;
        if (how == 2) break;
      }
    }
  }
}

}  // namespace
}  // namespace shunt::testing
