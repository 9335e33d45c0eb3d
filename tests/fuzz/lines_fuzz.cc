// How bytes become lines. Input: a line of settings, then a stream of bytes, in which ~ stands for
// 100,000 letters, so that lines longer than a chunk fit into an input. ReadStage and ClassifyStage
// as they are, over a pool that is too small, against a split at LF: every line once, whole, in
// order, lines over the limit as a mark in their place, the lines of each chunk judged as the naive
// reader judges them. And the scanner's loops against loops over single bytes.
//
// Settings: limit of a line, pieces or not, when chunks are given back, size of the pool.

#include <algorithm>
#include <bit>
#include <deque>

#include "absl/strings/str_cat.h"
#include "protocol/line_scanner.h"
#include "stages/classify_stage.h"
#include "stages/read_stage.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/pieces_source.h"
#include "tests/protocol_hot/harness.h"
#include "tests/protocol_hot/naive_reader.h"

namespace shunt::fuzz {
namespace {

using testing::NaiveClassify;
using testing::Show;
using testing::TestCatalog;

constexpr uint64_t kLimits[] = {16, 64, 300, 200'000, kChunkBytes, 300'001, 3 * kChunkBytes};

std::string Inflate(std::string_view text) {
  std::string out;
  int left = 8;
  for (const char c : text) {
    if (c == '~' && left > 0) {
      --left;
      out.append(100'000, 'y');
    } else {
      out += c;
    }
  }
  return out;
}

struct Line {
  std::string_view bytes;  // LF included
  // As the limit counts it: with the LF that a last line may lack.
  std::size_t size() const { return bytes.size() + (bytes.ends_with('\n') ? 0 : 1); }
};

std::vector<Line> Split(std::string_view text) {
  std::vector<Line> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back({text.substr(0, end == std::string_view::npos ? text.size() : end + 1)});
    text.remove_prefix(lines.back().bytes.size());
  }
  return lines;
}

// Reader and classifier, stepped by hand.
class Rig {
 public:
  Rig(Connector& source, uint64_t limit, uint32_t chunks)
      : pool_(chunks, MakeChunk),
        chunks_(chunks, SIZE_MAX / 2),
        ring_(std::bit_ceil(uint64_t{chunks} + 1)),
        faults_(16, SIZE_MAX / 2),
        read_(source,
              {.flow_bytes = 4 * limit, .read_ahead_bytes = 8 * limit, .line_bytes_max = limit},
              clock_, pool_, room_, tap_, chunks_, ring_, faults_, run_),
        classify_({.block_bytes_max = kChunkBytes}, TestCatalog(), chunks_, ring_, room_, run_) {}

  // Everything the source gives, chunk by chunk; `give_back` is how many may be held meanwhile.
  template <typename Take>
  void Run(std::size_t give_back, Take take) {
    std::deque<ChunkPtr> held;
    for (int idle = 0; idle < 20;) {
      const Step read = *read_.Run();
      const Step classified = *classify_.Run();
      ChunkPtr chunk{nullptr, ChunkPool::Return{}};
      bool taken = false;
      while (ring_.Take(&chunk)) {
        taken = true;
        take(*chunk);
        run_.looked_at_items.Add(chunk->block.items.size());
        run_.taken_in_bytes.Add(chunk->stream_bytes);
        held.push_back(std::move(chunk));
      }
      if (ring_.closed()) return;
      const bool busy = read == Step::kBusy || classified == Step::kBusy || taken;
      while (held.size() > (busy ? give_back : 0)) {
        run_.finished_bytes.Add(held.front()->stream_bytes);
        held.pop_front();
      }
      idle = busy ? 0 : idle + 1;
      clock_.Advance(absl::Milliseconds(1));
    }
    FUZZ_CHECK(false, "the reader stands still");
  }

  uint64_t source_bytes() const { return run_.source_bytes.value(); }

 private:
  ManualClock clock_{absl::UnixEpoch()};
  RunState run_;
  ChunkPool pool_;
  RoomBell room_;
  SourceTap tap_{false};
  ChunkLane chunks_;
  ChunkRing ring_;
  FaultLane faults_;
  ReadStage read_;
  ClassifyStage classify_;
};

// What comes out, against the lines that went in.
class Comparison {
 public:
  Comparison(std::string_view text, uint64_t limit) : lines_(Split(text)), limit_(limit) {}

  void Take(const Chunk& chunk) {
    FUZZ_CHECK(chunk.seq == next_seq_++, "a number is missing");
    if (chunk.oversize) {
      FUZZ_CHECK(Next().size() > limit_, "a line within the limit was thrown away");
      Saw("oversize");
    } else if (chunk.long_line) {
      TakeLong(chunk);
    } else {
      TakeLines(chunk);
    }
  }
  void End() const { FUZZ_CHECK(at_ == lines_.size(), "lines are missing"); }

 private:
  const Line& Next() {
    FUZZ_CHECK(at_ < lines_.size(), "more lines than went in");
    return lines_[at_++];
  }

  void TakeLong(const Chunk& chunk) {
    std::string line;
    for (const Chunk* part = &chunk; part != nullptr; part = part->next.get()) {
      line += part->bytes();
    }
    const Line& expected = Next();
    FUZZ_CHECK(line == expected.bytes, "a long line changed");
    FUZZ_CHECK(line.size() <= limit_ && line.size() >= std::min<uint64_t>(limit_, kChunkBytes),
               absl::StrCat(line.size()));
    FUZZ_CHECK(chunk.stream_bytes == line.size(), "a long line's bytes");
    Saw("long");
  }

  void TakeLines(const Chunk& chunk) {
    std::string_view left = chunk.bytes();
    FUZZ_CHECK(!left.empty() && chunk.stream_bytes == left.size(), "a chunk's bytes");
    while (!left.empty()) {
      const Line& line = Next();
      FUZZ_CHECK(left.starts_with(line.bytes), "a line changed");
      FUZZ_CHECK(line.bytes.size() <= limit_, "a line over the limit was let through");
      left.remove_prefix(line.bytes.size());
    }
    if (chunk.size > 4096) return;  // the naive reader takes quadratic time
    FUZZ_CHECK(
        Show(chunk.block) == Show(NaiveClassify(chunk.bytes(), TestCatalog(), Validation::kFull)),
        Show(chunk.block));
    Saw("lines");
  }

  const std::vector<Line> lines_;
  const uint64_t limit_;
  std::size_t at_ = 0;
  uint64_t next_seq_ = 0;
};

bool Stops(char c) { return c == '"' || c == '\\' || static_cast<uint8_t>(c) < 0x20; }

void CheckScanner(std::string_view text) {
  std::string padded(text);
  while (padded.size() < text.size() + kLinePadding) padded += "\n\\\"\x01 x\xff";
  padded.resize(text.size() + kLinePadding);
  padded.shrink_to_fit();
  const char* const limit = padded.data() + text.size();
  for (const char* p = padded.data(); p < limit; ++p) {
    const char* end = std::find(p, limit, '\n');
    const char* backslash = std::find(p, end, '\\');
    const LineEnd found = FindLineEnd(p, limit);
    FUZZ_CHECK(found.end == end, "FindLineEnd");
    FUZZ_CHECK(found.backslash == (backslash == end ? nullptr : backslash), "its backslash");
    FUZZ_CHECK(FindBackslash(p, limit) == std::find(p, limit, '\\'), "FindBackslash");
    const char* stop = std::find_if(p, limit, Stops);
    bool non_ascii = false;
    const char* const found_stop = FindStringStop(p, limit, &non_ascii);
    FUZZ_CHECK(stop == limit ? found_stop >= limit : found_stop == stop, "FindStringStop");
    const bool other = std::any_of(p, stop, [](char c) { return static_cast<uint8_t>(c) >= 0x80; });
    FUZZ_CHECK(stop == limit ? non_ascii || !other : non_ascii == other, "its non_ascii");
    const auto size = static_cast<std::size_t>(limit - p) / 2;
    FUZZ_CHECK(EqualBytes(p, p + size, size) == std::equal(p, p + size, p + size), "EqualBytes");
  }
}

}  // namespace

std::vector<std::string_view> Outcomes() { return {"lines", "long", "oversize", "unended"}; }

int FuzzOne(const uint8_t* data, std::size_t size) {
  std::string_view input = AsText(data, size);
  Settings settings(&input);
  const uint64_t limit = kLimits[settings.Next(std::size(kLimits))];
  const bool in_pieces = settings.Next(2) == 1;
  const auto give_back = static_cast<std::size_t>(settings.Next(4));
  // One longest line, the chunk that is filled and its spare.
  const auto needed = static_cast<uint32_t>(limit / kChunkBytes + 4);
  const auto spare = static_cast<uint32_t>(settings.Next(3));
  const std::string text = Inflate(input);
  if (!text.empty() && !text.ends_with('\n')) Saw("unended");

  PiecesSource source(text, in_pieces, 0);
  Rig rig(source, limit, needed + spare);
  Comparison comparison(text, limit);
  rig.Run(give_back, [&comparison](const Chunk& chunk) { comparison.Take(chunk); });
  comparison.End();
  FUZZ_CHECK(rig.source_bytes() == text.size(), "bytes of the source");
  CheckScanner(input.substr(0, 300));
  return 0;
}

}  // namespace shunt::fuzz
