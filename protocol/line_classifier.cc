#include "protocol/line_classifier.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "platform/check.h"
#include "protocol/block_builder.h"
#include "protocol/control_message.h"
#include "protocol/envelope_reader.h"
#include "protocol/index_walker.h"
#include "protocol/json_lexemes.h"
#include "protocol/line_scanner.h"
#include "protocol/long_line.h"
#include "protocol/long_record.h"
#include "protocol/record_shape.h"
#include "protocol/row_reader.h"
#include "protocol/state_reader.h"
#include "protocol/stream_table.h"
#include "protocol/structural_index.h"
#include "protocol/text_scanner.h"

namespace shunt {
namespace {

using Kind = LineItem::Kind;

// A segment this small that cannot be indexed as a whole is read line by line at once.
constexpr std::size_t kSplitBytesMin = 1024;

constexpr uint32_t kLearningPauseMax = 1023;

// How much is read the thorough way at once, at most, before known shapes are tried again.
constexpr uint32_t kThoroughBytesMax = 64 * 1024;

static_assert(JudgedPiece::kNoStream == RowReader::kAnyStream);

// Of kinds that need no second look.
Kind ItemKind(LineKind kind) {
  switch (kind) {
    case LineKind::kControl:
      return Kind::kControl;
    case LineKind::kLog:
      return Kind::kLog;
    case LineKind::kTrace:
      return Kind::kTrace;
    case LineKind::kOther:
      return Kind::kOther;
    case LineKind::kText:
      return Kind::kText;
    default:
      return Kind::kMalformed;
  }
}

}  // namespace

struct LineClassifier::Impl {
  Impl(const ClassifierOptions& classifier_options, const ConfiguredCatalog* catalog)
      : options(classifier_options),
        index(options.block_bytes_max),
        walker(options.validation),
        reader(Validation::kFull),
        long_line(options.validation, &index, options.block_bytes_max),
        long_record(options.validation),
        rows(options.validation, options.origin == Origin::kSource ? catalog->streams.size() : 0),
        builder(options.origin == Origin::kSource ? catalog->streams.size() : 0) {
    if (options.origin == Origin::kSource) streams.emplace(*catalog);
  }

  uint32_t ReadBlock(uint32_t end);
  // Reads record lines like ones that were seen before; returns where the first other line begins.
  uint32_t ReadKnownLines(uint32_t begin, uint32_t end);
  // One such line; returns what is behind it, null when it is none.
  const char* ReadKnownLine(const RecordShape& known, const char* begin, const char* limit);
  bool FindKnownStream(const RecordShape& known, const RecordNames& names, uint32_t* stream);
  const char* ReadKnownState(const char* begin, const char* limit);  // likewise

  // The thorough way. block[begin, end) are whole lines.
  void ReadSegment(uint32_t begin, uint32_t end);
  void ReadIndexedLines(uint32_t begin, uint32_t end);
  void ReadLinesAlone(uint32_t begin, uint32_t end);

  // One line; offsets into the block; `end` excludes the LF, `whole_end` does not.
  struct Line {
    uint32_t begin = 0;
    uint32_t end = 0;
    uint32_t whole_end = 0;
    bool has_newline() const { return whole_end != end; }
  };
  // Rule 5, on a line whose tokens are known; `segment` is what they count from.
  bool ReadObjects(const Line& line, uint32_t segment, const uint32_t* token);
  void LearnShape(const Line& line, uint32_t segment, const uint32_t* token);
  void Learn(std::string_view line, const char* base, const uint32_t* token);
  void ReadText(const Line& line);
  void AddLine(const Line& line, Kind kind);
  void AddWhole(const Line& line, const JudgedPiece& judged);
  void AddPieces(const Line& line);

  // The piece's kind and stream; `object` is the text of the object.
  JudgedPiece Judge(const Envelope& read, std::string_view object);
  void FindStream(const Envelope& read, JudgedPiece* piece);
  void AppendPiece(const JudgedPiece& piece);

  void ReadLong(std::span<const std::string_view> parts);
  JudgedPiece JudgeLong(LineKind kind, std::span<const std::string_view> parts);
  bool ReadKnownLong(std::span<const std::string_view> parts, JudgedPiece* piece);
  void LearnLong(std::span<const std::string_view> parts);
  bool MayLearn();

  const ClassifierOptions options;
  StructuralIndex index;
  IndexWalker walker;
  TextScanner text;
  EnvelopeReader reader;
  LongLineReader long_line;
  LongRecordReader long_record;
  RowReader rows;
  StateReader states;
  BlockBuilder builder;
  std::optional<StreamTable> streams;
  Envelope envelope;
  std::array<RecordShape, 4> shapes;
  RecordShape new_shape;
  std::size_t shape = 0;  // the one that fitted last, modulo their number
  uint32_t lines_to_learning = 0;
  uint32_t learning_pause = 0;
  uint32_t thorough_bytes = 0;  // what to read the thorough way next
  // The last line of a known shape, up to and with the `{` of its data. Lines of one stream follow
  // each other, and then need no other look at it.
  struct Head {
    const RecordShape* shape = nullptr;
    const char* line = nullptr;  // in this block
    std::ptrdiff_t size = 0;
    uint32_t stream = 0;
  } head;
  std::vector<JudgedPiece> pieces;  // of the line being read, when it is glued
  std::string_view block;
};

uint32_t LineClassifier::Impl::ReadBlock(uint32_t end) {
  uint32_t at = 0;
  while (at < end && builder.items() < options.items_max) {
    const uint32_t other = ReadKnownLines(at, end);
    // Other lines come in heaps: where known ones are rare, ever more is read together.
    thorough_bytes =
        other - at > thorough_bytes ? 0 : std::min(thorough_bytes * 2 + 512, kThoroughBytesMax);
    at = other;
    if (at == end || builder.items() >= options.items_max) break;
    // No item is shorter than two bytes.
    const uint32_t heap =
        static_cast<uint32_t>(std::min<std::size_t>(thorough_bytes, options.items_max));
    const std::size_t newline = block.find('\n', std::min(at + heap, end - 1));
    const uint32_t heap_end =
        newline == std::string_view::npos ? end : static_cast<uint32_t>(newline) + 1;
    ReadSegment(at, heap_end);
    at = heap_end;
  }
  return at;
}

uint32_t LineClassifier::Impl::ReadKnownLines(uint32_t begin, uint32_t end) {
  const char* const limit = block.data() + end;
  const char* p = block.data() + begin;
  for (std::size_t tried = 0; p < limit && builder.items() < options.items_max;) {
    const RecordShape& known = shapes[shape % shapes.size()];
    const char* behind = known.learned() ? ReadKnownLine(known, p, limit) : nullptr;
    if (behind != nullptr) {
      p = behind;
      tried = 0;
      learning_pause = 0;
      continue;
    }
    ++shape;
    if (++tried < shapes.size()) continue;
    behind = ReadKnownState(p, limit);
    if (behind == nullptr) break;
    p = behind;
    tried = 0;
  }
  return static_cast<uint32_t>(p - block.data());
}

const char* LineClassifier::Impl::ReadKnownState(const char* begin, const char* limit) {
  const auto bytes = static_cast<std::size_t>(limit - begin);
  const auto* const newline = static_cast<const char*>(memchr(begin, '\n', bytes));
  if (newline == nullptr) return nullptr;
  if (!states.Knows({begin, static_cast<std::size_t>(newline - begin)})) return nullptr;
  JudgedPiece piece;
  piece.kind = Kind::kState;
  piece.begin = static_cast<uint32_t>(begin - block.data());
  piece.end = static_cast<uint32_t>(newline + 1 - block.data());
  builder.Add(piece);
  builder.NextLine();
  return newline + 1;
}

const char* LineClassifier::Impl::ReadKnownLine(const RecordShape& known, const char* begin,
                                                const char* limit) {
  RecordNames names;
  uint32_t stream = JudgedPiece::kNoStream;
  const char* p = nullptr;
  const bool named = known.names_before_data();
  if (head.shape == &known && head.size <= limit - begin &&
      EqualBytes(begin, head.line, static_cast<std::size_t>(head.size))) {
    p = begin + head.size - 1;
    stream = head.stream;
  } else {
    p = known.ReadToData(begin, limit, &names);
    if (p == nullptr) return nullptr;
    if (named) {
      if (!FindKnownStream(known, names, &stream)) return nullptr;
      head = {&known, begin, p + 1 - begin, stream};
    }
  }
  p = rows.Read(stream, p, limit);
  if (p == nullptr) return nullptr;
  p = known.ReadBehindData(p, limit, &names);
  if (p == nullptr || (!named && !FindKnownStream(known, names, &stream))) return nullptr;
  while (p < limit && *p != '\n' && IsBlank(*p)) ++p;
  if (p >= limit || *p != '\n') return nullptr;
  builder.AddRecordLine(static_cast<uint32_t>(begin - block.data()),
                        static_cast<uint32_t>(p + 1 - block.data()), stream);
  builder.NextLine();
  return p + 1;
}

bool LineClassifier::Impl::FindKnownStream(const RecordShape& known, const RecordNames& names,
                                           uint32_t* stream) {
  // A name that equals one of the catalog is as sound as that.
  if (!streams) return names.ascii;
  std::optional<std::string_view> name_space;
  if (known.has_namespace()) name_space = names.name_space;
  const std::optional<uint32_t> found = streams->FindPlain(names.stream, name_space);
  if (found) *stream = *found;
  return found.has_value();
}

void LineClassifier::Impl::ReadSegment(uint32_t begin, uint32_t end) {
  if (begin == end) return;
  if (index.Build(block.substr(begin, end - begin))) {
    ReadIndexedLines(begin, end);
    return;
  }
  // Some line has bytes that confuse the index. Halve until it stands alone: neighbours must not
  // suffer, neither in their verdicts nor much in speed.
  const std::size_t middle = begin + (end - begin) / 2;
  const std::size_t newline = block.substr(0, end).find('\n', middle);
  const uint32_t split =
      newline == std::string_view::npos ? end : static_cast<uint32_t>(newline) + 1;
  if (end - begin <= kSplitBytesMin || split == end) {
    ReadLinesAlone(begin, end);
    return;
  }
  ReadSegment(begin, split);
  ReadSegment(split, end);
}

void LineClassifier::Impl::ReadIndexedLines(uint32_t begin, uint32_t end) {
  const char* const base = block.data() + begin;
  const char* const limit = block.data() + end;
  const uint32_t* token = index.begin();
  for (const char* p = base; p < limit;) {
    const LineEnd found = FindLineEnd(p, limit);
    const uint32_t line_end = static_cast<uint32_t>(found.end - base);
    Line line;
    line.begin = static_cast<uint32_t>(p - block.data());
    line.end = begin + line_end;
    line.whole_end = line.end + (found.end < limit ? 1 : 0);
    p = block.data() + line.whole_end;
    const uint32_t* last = token;
    while (*last < line_end) ++last;
    if (token == last) {
      builder.AddEmpty();
    } else if (base[token[0]] != '{' ||
               (token[1] < line_end ? base[token[1]] != '"' && base[token[1]] != '}'
                                    : line.has_newline())) {
      ReadText(line);
    } else {
      walker.SetLine(base, line_end, last);
      const bool sound = found.backslash == nullptr || CheckEscapes(found.backslash, found.end);
      if (!sound || !ReadObjects(line, begin, token)) {
        AddLine(line, Kind::kMalformed);
      }
    }
    token = last;
    builder.NextLine();
  }
}

// Lines whose segment could not be indexed.
void LineClassifier::Impl::ReadLinesAlone(uint32_t begin, uint32_t end) {
  while (begin < end) {
    const std::size_t newline = block.substr(0, end).find('\n', begin);
    Line line;
    line.begin = begin;
    line.end = newline == std::string_view::npos ? end : static_cast<uint32_t>(newline);
    line.whole_end = newline == std::string_view::npos ? end : line.end + 1;
    begin = line.whole_end;
    std::size_t first = line.begin;
    while (first < line.end && IsBlank(block[first])) ++first;
    std::size_t second = first + 1;
    while (second < line.end && IsBlank(block[second])) ++second;
    if (first == line.end) {
      builder.AddEmpty();
    } else if (block[first] != '{' ||
               (second < line.end ? block[second] != '"' && block[second] != '}'
                                  : line.has_newline())) {
      ReadText(line);
    } else if (index.Build(block.substr(line.begin, line.whole_end - line.begin))) {
      ReadIndexedLines(line.begin, line.whole_end);
      continue;
    } else {
      // What alone cannot be indexed is no sequence of well-formed objects.
      AddLine(line, Kind::kMalformed);
    }
    builder.NextLine();
  }
}

// Lines that never repeat their shape are not studied each time: the pauses grow.
bool LineClassifier::Impl::MayLearn() {
  if (lines_to_learning > 0) {
    --lines_to_learning;
    return false;
  }
  lines_to_learning = learning_pause;
  learning_pause = std::min(learning_pause * 2 + 1, kLearningPauseMax);
  return true;
}

void LineClassifier::Impl::LearnShape(const Line& line, uint32_t segment, const uint32_t* token) {
  if (!MayLearn()) return;
  Learn(block.substr(line.begin, line.end - line.begin), block.data() + segment, token);
}

// From an object that the walker has just read. What is known already, or cannot be kept, costs no
// other shape its place.
void LineClassifier::Impl::Learn(std::string_view line, const char* base, const uint32_t* token) {
  if (!new_shape.Learn(line, base, token, walker.holes(), envelope)) return;
  if (std::find(shapes.begin(), shapes.end(), new_shape) != shapes.end()) return;
  shape = (shape + shapes.size() - 1) % shapes.size();
  shapes[shape] = new_shape;
  head = {};
}

bool LineClassifier::Impl::ReadObjects(const Line& line, uint32_t segment, const uint32_t* token) {
  const uint32_t* const first = token;
  const uint32_t line_end = line.end - segment;
  const char* const base = block.data() + segment;
  pieces.clear();
  for (uint32_t begin = line.begin;;) {
    const uint32_t open = *token;
    if (base[open] != '{') return false;
    token = walker.ReadObject(token, &envelope);
    if (token == nullptr) return false;
    JudgedPiece piece = Judge(envelope, {base + open, token[-1] + 1 - open});
    if (piece.kind == Kind::kMalformed) return false;
    const bool last = token[0] >= line_end;
    if (last && pieces.empty()) {
      if (piece.kind == Kind::kRun) LearnShape(line, segment, first);
      AddWhole(line, piece);
      return true;
    }
    piece.begin = begin;
    begin = piece.end = last ? line.whole_end : segment + token[0];
    AppendPiece(piece);
    if (last) break;
  }
  AddPieces(line);
  return true;
}

void LineClassifier::Impl::ReadText(const Line& line) {
  const std::string_view bytes = block.substr(line.begin, line.end - line.begin);
  text.Scan(bytes);
  if (text.broken_message()) return AddLine(line, Kind::kMalformed);
  if (text.begins().empty()) return AddLine(line, Kind::kText);
  pieces.clear();
  JudgedPiece leading;
  leading.begin = line.begin;
  AppendPiece(leading);
  bool message = false, malformed = false;
  for (const uint32_t begin : text.begins()) {
    reader.Reset();
    const std::size_t size = reader.Feed(bytes.substr(begin));
    SHUNT_CHECK(reader.grammar().status() == EnvelopeReader::Grammar::Status::kDone);
    message |= reader.envelope().string_type;
    JudgedPiece piece = Judge(reader.envelope(), bytes.substr(begin, size));
    malformed |= piece.kind == Kind::kMalformed;
    pieces.back().end = piece.begin = line.begin + begin;
    AppendPiece(piece);
  }
  pieces.back().end = line.whole_end;
  if (!message) return AddLine(line, Kind::kText);
  if (malformed) return AddLine(line, Kind::kMalformed);
  AddPieces(line);
}

// Rule 12.
void LineClassifier::Impl::AppendPiece(const JudgedPiece& piece) {
  if (!pieces.empty() && piece.kind == Kind::kText && pieces.back().kind == Kind::kText) {
    pieces.back().end = piece.end;
  } else {
    pieces.push_back(piece);
  }
}

void LineClassifier::Impl::AddPieces(const Line& line) {
  if (pieces.size() > 1) builder.CountGlued();
  for (JudgedPiece& piece : pieces) {
    const bool last = piece.end == line.whole_end;
    piece.add_newline = !last || !line.has_newline();
    piece.mentions_config = piece.kind == Kind::kText &&
                            MentionsConfig(block.substr(piece.begin, piece.end - piece.begin));
    builder.Add(piece);
  }
}

void LineClassifier::Impl::AddWhole(const Line& line, const JudgedPiece& judged) {
  if (judged.kind == Kind::kText) return AddLine(line, judged.kind);
  JudgedPiece piece = judged;
  piece.begin = line.begin;
  piece.end = line.whole_end;
  piece.add_newline = !line.has_newline();
  builder.Add(piece);
}

void LineClassifier::Impl::AddLine(const Line& line, Kind kind) {
  JudgedPiece piece;
  piece.kind = kind;
  piece.begin = line.begin;
  piece.end = line.whole_end;
  piece.add_newline = !line.has_newline();
  piece.mentions_config = MentionsConfig(block.substr(line.begin, line.end - line.begin));
  if (kind == Kind::kText) {
    piece.part = TextPartOf(block.substr(line.begin, line.whole_end - line.begin));
  }
  builder.Add(piece);
}

JudgedPiece LineClassifier::Impl::Judge(const Envelope& read, std::string_view object) {
  JudgedPiece piece;
  const LineKind kind = JudgeEnvelope(read);
  if (kind == LineKind::kRecord) {
    FindStream(read, &piece);
  } else if (kind == LineKind::kState) {
    const bool usable = read.state == JsonKind::kObject && states.Read(object).ok();
    piece.kind = usable ? Kind::kState : Kind::kUnusableState;
  } else {
    piece.kind = ItemKind(kind);
  }
  return piece;
}

void LineClassifier::Impl::FindStream(const Envelope& read, JudgedPiece* piece) {
  piece->kind = Kind::kRun;
  if (!streams) return;
  std::optional<std::string_view> name_space;
  if (read.name_space == JsonKind::kString) name_space = read.namespace_text;
  const std::optional<uint32_t> stream = streams->Find(read.stream_text, name_space);
  if (stream) {
    piece->stream = *stream;
  } else {
    piece->kind = Kind::kUnknownStream;
  }
}

void LineClassifier::Impl::ReadLong(std::span<const std::string_view> parts) {
  std::size_t size = 0;
  char last = '\0';
  for (const std::string_view part : parts) {
    size += part.size();
    if (!part.empty()) last = part.back();
  }
  JudgedPiece piece;
  if (!ReadKnownLong(parts, &piece)) {
    const LineKind kind = long_line.Read(parts);
    if (kind == LineKind::kEmpty) {
      builder.AddEmpty();
      return builder.NextLine();
    }
    piece = JudgeLong(kind, parts);
  }
  piece.end = static_cast<uint32_t>(size);
  piece.add_newline = last != '\n';
  builder.Add(piece);
  builder.NextLine();
}

JudgedPiece LineClassifier::Impl::JudgeLong(LineKind kind,
                                            std::span<const std::string_view> parts) {
  JudgedPiece piece;
  if (kind == LineKind::kRecord) {
    FindStream(long_line.envelope(), &piece);
    if (piece.kind == Kind::kRun && MayLearn()) LearnLong(parts);
  } else if (kind == LineKind::kState) {
    const bool usable = long_line.envelope().state == JsonKind::kObject;
    piece.kind = usable ? Kind::kState : Kind::kUnusableState;
  } else {
    piece.kind = ItemKind(kind);
  }
  const bool may_mention = kind == LineKind::kText || kind == LineKind::kMalformed ||
                           (kind == LineKind::kOther &&
                            (PartsContain(parts, "onnector") || PartsContain(parts, "ONNECTOR")));
  if (may_mention) {
    for (const std::string_view mention : ConfigMentions()) {
      piece.mentions_config |= PartsContain(parts, mention);
    }
  }
  if (kind == LineKind::kText) piece.part = TextPartOf(parts);
  return piece;
}

bool LineClassifier::Impl::ReadKnownLong(std::span<const std::string_view> parts,
                                         JudgedPiece* piece) {
  if (parts.empty()) return false;
  for (const RecordShape& known : shapes) {
    RecordNames names;
    if (!known.learned() || !long_record.Read(known, parts, &names)) continue;
    uint32_t stream = JudgedPiece::kNoStream;
    if (!FindKnownStream(known, names, &stream)) continue;
    piece->kind = Kind::kRun;
    piece->stream = stream;
    learning_pause = 0;
    return true;
  }
  return false;
}

void LineClassifier::Impl::LearnLong(std::span<const std::string_view> parts) {
  const std::optional<std::string> outline = long_record.Outline(parts);
  if (!outline) return;
  const std::string padded = *outline + std::string(kLinePadding, ' ');
  const std::string_view line = std::string_view(padded).substr(0, outline->size());
  if (line.size() > options.block_bytes_max || !index.Build(line)) return;
  walker.SetLine(line.data(), static_cast<uint32_t>(line.size()), index.end());
  if (walker.ReadObject(index.begin(), &envelope) == nullptr) return;
  Learn(line, line.data(), index.begin());
}

LineClassifier::LineClassifier(const ClassifierOptions& options, const ConfiguredCatalog* catalog) {
  SHUNT_CHECK(catalog != nullptr || options.origin != Origin::kSource);
  impl_ = std::make_unique<Impl>(options, catalog);
}

LineClassifier::~LineClassifier() = default;

std::size_t LineClassifier::Classify(std::string_view block, ClassifiedBlock* out) {
  SHUNT_CHECK(block.size() <= impl_->options.block_bytes_max);
  impl_->builder.Begin(out);
  impl_->block = block;
  impl_->head = {};
  const uint32_t read = impl_->ReadBlock(static_cast<uint32_t>(block.size()));
  impl_->builder.Finish();
  return read;
}

void LineClassifier::ClassifyLong(std::span<const std::string_view> parts, ClassifiedBlock* out) {
  impl_->builder.Begin(out);
  impl_->ReadLong(parts);
  impl_->builder.Finish();
}

}  // namespace shunt
