// LineClassifier: reads whole lines once, validates them, and says what each one is.
//
// The result is a short list of items in line order plus per-stream counts. Neighbouring record
// lines that are forwarded verbatim are one item (a run), so the cost of the list does not grow
// with the number of records; neighbouring text lines and neighbouring malformed lines merge
// likewise. Rules: contract decisions 3, 4, 5 and edge rules 1, 2, spelled out in
// protocol/envelope.h.
//
// Records that repeat what is remembered of earlier ones are read without looking at their tokens
// (RecordShape, RowReader). Other lines are indexed together with the best SIMD kernel of the
// machine (StructuralIndex) and walked once (IndexWalker). A stretch with bytes that confuse the
// index is halved until the line stands alone, so neighbours do not suffer.
//
// Threads: one instance per thread. Views and offsets refer to the caller's bytes.
// Errors: none; bad input is an item. Bounds: scratch memory is at most 5 bytes per byte of the
// largest block (`block_bytes_max`), what row_reader.h says, and 100 bytes per stream; time is
// linear in the input. The result has an item for each line in the worst case (records, text and
// malformed lines merge only with their like); `items_max` bounds it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/catalog.h"
#include "protocol/limits.h"
#include "protocol/message.h"
#include "protocol/text_part.h"
#include "protocol/validation.h"

namespace shunt {

struct ClassifierOptions {
  Validation validation = Validation::kFull;
  // kSource knows the catalog and tells unknown streams; kDestination does not look streams up.
  Origin origin = Origin::kSource;
  std::size_t block_bytes_max = std::size_t{256} * 1024;
  // A block is left off behind the line with which so many items were found: every line of two
  // bytes may be an item, and the list many times as large as the block. At most twice as many are
  // found, and the pieces of one glued line.
  std::size_t items_max = SIZE_MAX;
};

struct LineItem {
  enum class Kind : uint8_t {
    kRun,            // record lines of known streams, contiguous, forwarded as they are
    kState,          // one STATE line with a usable payload
    kUnusableState,  // one STATE line without one: counted and warned about, not forwarded
    kUnknownStream,  // one RECORD line whose stream the catalog lacks: dropped
    kControl,        // one CONTROL line
    kLog,            // one LOG line
    kTrace,          // one TRACE line
    kOther,          // one message of another type (SPEC, CATALOG, CONNECTION_STATUS, unknown)
    kText,           // text lines, contiguous
    kMalformed,      // malformed lines, contiguous
  };
  Kind kind = Kind::kRun;
  bool add_newline = false;  // the bytes end without LF (last line, or a piece of a glued line):
                             // whoever forwards them adds one
  TextPart part = TextPart::kNone;  // kText
  bool mentions_config = false;     // kText, kMalformed: see MentionsConfig in control_message.h;
                                    // kOther when it was read in parts
  uint32_t begin = 0;               // offsets into the block; a line's LF belongs to it
  uint32_t end = 0;
  uint32_t lines = 0;       // lines (or pieces) in the item
  uint32_t first_line = 0;  // number of the first line, counted from the block's first line (0);
                            // pieces of a glued line share a number
  uint32_t deltas_end = 0;  // deltas[.., deltas_end) belong to items up to and including this one
};

// Records of one stream since the previous delta of that stream. A new delta is begun after every
// STATE and TRACE, so that counts at those are exact.
struct StreamDelta {
  uint32_t stream = 0;  // index into the catalog
  uint32_t records = 0;
  uint64_t bytes = 0;  // whole lines, newline included
};

struct LineCounts {
  uint64_t by_kind[kLineKinds] = {};
  uint64_t physical_lines = 0;
  uint64_t glued_lines = 0;
  uint64_t& operator[](LineKind kind) { return by_kind[static_cast<int>(kind)]; }
  uint64_t operator[](LineKind kind) const { return by_kind[static_cast<int>(kind)]; }
  void Add(const LineCounts& other);
};

struct ClassifiedBlock {
  std::vector<LineItem> items;
  std::vector<StreamDelta> deltas;  // in order; records dropped as unknown are not in it
  LineCounts counts;
  void Clear();  // keeps capacity
};

class LineClassifier {
 public:
  // `catalog` outlives the classifier; it may be null for kDestination.
  LineClassifier(const ClassifierOptions& options, const ConfiguredCatalog* catalog);
  ~LineClassifier();
  LineClassifier(const LineClassifier&) = delete;
  LineClassifier& operator=(const LineClassifier&) = delete;

  // A block of whole lines; only the stream's very last line may lack its LF.
  // REQUIRES: block.size() <= block_bytes_max; kLinePadding readable bytes follow.
  // Clears and fills `out`. Returns how much was read: all of it, unless there are `items_max`
  // items.
  std::size_t Classify(std::string_view block, ClassifiedBlock* out);

  // One line longer than a block, in parts of any size; the last part ends the line (with or
  // without LF). Constant memory besides names of at most 64 KiB (longer: malformed).
  // `out` gets at most one item, whose begin is 0 and whose end is the line's total length.
  // Two limits: a glued long line (two messages that together exceed a block) is malformed; and a
  // STATE is kState when `state` is an object, the rest of its payload being for ParseState, which
  // the taker of such a state calls anyway.
  void ClassifyLong(std::span<const std::string_view> parts, ClassifiedBlock* out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shunt
