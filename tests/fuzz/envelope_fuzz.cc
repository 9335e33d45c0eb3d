// Lines and their envelopes: glued messages, malformed rules, text, names, runs and counts. Input:
// a block of lines. The classifier, with every kernel and both validations, against the naive
// reader of tests/protocol_hot, item by item; each line in pieces; and the block with a list of
// items that is left off again and again.

#include "absl/strings/str_cat.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/kernels.h"
#include "tests/protocol_hot/harness.h"
#include "tests/protocol_hot/naive_reader.h"

namespace shunt::fuzz {
namespace {

using testing::Harness;
using testing::Kinds;
using testing::NaiveClassify;
using testing::Show;
using testing::TestCatalog;

std::vector<std::string_view> LinesOf(std::string_view block) {
  std::vector<std::string_view> lines;
  while (!block.empty()) {
    const std::size_t end = std::min(block.find('\n'), block.size() - 1) + 1;
    lines.push_back(block.substr(0, end));
    block.remove_prefix(end);
  }
  return lines;
}

void CheckInPieces(Harness* harness, std::string_view line) {
  const std::string whole = Kinds(harness->Classify(line));
  const std::string pieces = Kinds(harness->ClassifyParts(CutAnyhow(line)));
  if (whole.find('|') != std::string::npos) {
    FUZZ_CHECK(pieces == "malformed",
               absl::StrCat(whole, ", in pieces ", pieces, ": ", std::string(line)));
  } else if (whole != "unusable") {  // whoever takes a long STATE looks at its payload
    FUZZ_CHECK(pieces == whole,
               absl::StrCat(whole, ", in pieces ", pieces, ": ", std::string(line)));
  }
}

// The same block when at most a few items are listed at once.
void CheckLeftOff(std::string_view block, Validation validation, const LineCounts& counts) {
  ClassifierOptions options;
  options.validation = validation;
  options.block_bytes_max = block.size() + 64;
  options.items_max = 2;
  Harness harness(options);
  LineCounts sum;
  while (!block.empty()) {
    LineClassifier classifier(options, &TestCatalog());
    std::string padded(block);
    padded.append(kLinePadding, '"');
    ClassifiedBlock out;
    const std::size_t taken =
        classifier.Classify(std::string_view(padded).substr(0, block.size()), &out);
    FUZZ_CHECK(taken > 0 && taken <= block.size(), "nothing was read");
    sum.Add(out.counts);
    block.remove_prefix(taken);
  }
  for (int kind = 0; kind < kLineKinds; ++kind) {
    FUZZ_CHECK(sum.by_kind[kind] == counts.by_kind[kind], "counts of a block that was left off");
  }
  FUZZ_CHECK(sum.physical_lines == counts.physical_lines, "lines of a block that was left off");
}

}  // namespace

std::vector<std::string_view> Outcomes() {
  return {"record", "state", "unusable", "unknown", "control",   "log",
          "trace",  "other", "text",     "glued",   "malformed", "config"};
}

int FuzzOne(const uint8_t* data, std::size_t size) {
  const std::string_view block = AsText(data, size);
  for (const Validation validation : {Validation::kFull, Validation::kEnvelope}) {
    const ClassifiedBlock naive = NaiveClassify(block, TestCatalog(), validation);
    const std::string expected = Show(naive);
    for (const std::string_view kernel : KernelNames()) {
      const UseKernel use(kernel);
      ClassifierOptions options;
      options.validation = validation;
      options.block_bytes_max = block.size() + 64;
      Harness harness(options);
      const std::string shown = Show(harness.Classify(block));
      FUZZ_CHECK(shown == expected,
                 absl::StrCat(std::string(kernel), ":\n", shown, "instead of\n", expected));
      for (const std::string_view line : LinesOf(block)) CheckInPieces(&harness, line);
    }
    CheckLeftOff(block, validation, naive.counts);
    for (const LineItem& item : naive.items) {
      Saw(testing::KindName(item.kind));
      if (item.mentions_config) Saw("config");
    }
    if (naive.counts.glued_lines > 0) Saw("glued");
  }
  return 0;
}

}  // namespace shunt::fuzz
