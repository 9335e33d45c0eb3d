#include "stages/intake.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/strings.h"
#include "protocol/control_message.h"
#include "protocol/envelope_reader.h"
#include "protocol/malformed_reason.h"
#include "stages/item_bytes.h"

namespace shunt {
namespace {

constexpr uint64_t kMalformedWarningsMax = 10;
// Of a memory budget, what half of it and one message do not take.
constexpr uint64_t kBudgetOfTheRest = uint64_t{36} << 20;
constexpr std::size_t kItemsKeptMax = 4096;  // capacity that a pooled chunk may keep

}  // namespace

Intake::Intake(const ConfiguredCatalog& catalog, const IntakePolicy& policy,
               UnknownStreams& unknown, const SecretGate& secrets, ControlLane& control,
               LogLane& logs, FaultLane& faults, RunState& run)
    : catalog_(catalog),
      policy_(policy),
      unknown_(unknown),
      asides_(Origin::kSource, secrets, control, logs, faults, policy_.answers, run,
              policy_.log_level),
      run_(run),
      progress_(catalog, account_.streams) {
  account_.streams.resize(catalog.streams.size());
}

void Intake::Begin(ChunkPtr chunk) {
  SHUNT_CHECK(ready());
  chunk_ = std::move(chunk);
  chunk_->lines_before = lines_before_;
  next_item_ = kept_items_ = counted_deltas_ = 0;
  asides_.SetTime(chunk_->read_mono);
}

bool Intake::Step() {
  if (chunk_->oversize) OnOversize();
  std::vector<LineItem>& items = chunk_->block.items;
  do {
    for (; next_item_ < items.size(); ++next_item_) {
      if (!Dispatch(items[next_item_])) return false;
    }
  } while (ListMore());
  Finish();
  return true;
}

// A chunk with so many items that the classifier left it off is gone on with here, so that no list
// is ever much longer than kItemsMax. False when all of it has been looked at.
bool Intake::ListMore() {
  Chunk& chunk = *chunk_;
  if (chunk.long_line || chunk.oversize || chunk.classified == chunk.size) return false;
  ClassifiedBlock& block = chunk.block;
  block.items.resize(kept_items_);
  CloseDeltas();
  if (!rest_) rest_ = std::make_unique<LineClassifier>(policy_.classifier, &catalog_);
  const uint32_t begin = chunk.classified;
  chunk.classified +=
      static_cast<uint32_t>(rest_->Classify(chunk.bytes().substr(begin), &rest_block_));
  for (LineItem item : rest_block_.items) {
    item.begin += begin;
    item.end += begin;
    item.first_line += static_cast<uint32_t>(block.counts.physical_lines);
    item.deltas_end += static_cast<uint32_t>(block.deltas.size());
    block.items.push_back(item);
  }
  block.deltas.insert(block.deltas.end(), rest_block_.deltas.begin(), rest_block_.deltas.end());
  block.counts.Add(rest_block_.counts);
  next_item_ = kept_items_;
  return true;
}

// What hangs on a TRACE, which goes elsewhere, is of the runs before it. Left to the item that
// comes next, it would be counted with that one's records, or without them.
void Intake::GiveDeltasBack(const LineItem& item) {
  if (kept_items_ > 0) chunk_->block.items[kept_items_ - 1].deltas_end = item.deltas_end;
}

// Deltas behind the last item that is kept are of it and those before it.
void Intake::CloseDeltas() {
  ClassifiedBlock& block = chunk_->block;
  if (kept_items_ > 0) block.items.back().deltas_end = static_cast<uint32_t>(block.deltas.size());
}

bool Intake::Dispatch(LineItem& item) {
  if (item.kind != LineItem::Kind::kText) opened_ = in_broken_message_ = false;
  switch (item.kind) {
    case LineItem::Kind::kState:
      ++account_.states_read;
      [[fallthrough]];
    case LineItem::Kind::kRun:
      Keep(item);
      return true;
    case LineItem::Kind::kControl:
      // What it says behind the cut nobody knows: it is kept in any case.
      return OnControl(item, IsCut(item) && !Asides::IsForControl(Value(item), /*frequent=*/false));
    case LineItem::Kind::kMalformed:
      if (item.mentions_config && !OnControl(item, true)) return false;
      OnMalformed(LineNumber(item), item.lines, NotAMessage(item));
      return true;
    case LineItem::Kind::kText:
      return OnTextLines(item);
    case LineItem::Kind::kUnknownStream:
      OnUnknownStream(item);
      return true;
    case LineItem::Kind::kTrace:
      CountRecords(item.deltas_end);  // those before it
      GiveDeltasBack(item);
      if (Asides::IsForControl(Value(item), /*frequent=*/true)) return OnControl(item, false);
      asides_.OnTrace(Value(item), LineNumber(item), &progress_,
                      {chunk_->read_at, chunk_->read_mono});
      return true;
    case LineItem::Kind::kLog:
      if (Asides::IsForControl(Value(item), /*frequent=*/true)) return OnControl(item, false);
      asides_.OnLog(Value(item));
      return true;
    case LineItem::Kind::kOther:
      return OnOther(item);
    case LineItem::Kind::kUnusableState:
      if (Asides::IsForControl(Value(item), /*frequent=*/true) && !OnControl(item, false)) {
        return false;
      }
      OnUnusableState(item);
      return true;
  }
  return true;
}

void Intake::Keep(const LineItem& item) {
  if (stopped_) return;
  if (tainted_ && chunk_->tainted_from == UINT32_MAX) {
    chunk_->tainted_from = static_cast<uint32_t>(kept_items_);
  }
  chunk_->block.items[kept_items_++] = item;
}

// The bytes of a message that is copied out of the stream.
std::string_view Intake::Value(const LineItem& item) {
  return ItemBytes(*chunk_, item, policy_.value_bytes_max, &scratch_);
}

bool Intake::OnControl(const LineItem& item, bool quarantine_only) {
  return asides_.OnControl(Value(item), LineNumber(item), chunk_->read_at, quarantine_only);
}

// With the reason, for the first of the lines, as long as somebody will see it.
std::string Intake::NotAMessage(const LineItem& item) const {
  std::string text = "is not a well-formed message";
  if (malformed_warned_ == kMalformedWarningsMax || chunk_->long_line) return text;
  const std::string reason =
      MalformedReason(chunk_->bytes().substr(item.begin, item.end - item.begin));
  if (!reason.empty()) absl::StrAppend(&text, " (", reason, ")");
  return text;
}

void Intake::OnMalformed(uint64_t line, uint64_t lines, std::string_view what) {
  run_.malformed_lines.Add(lines);
  if (malformed_warned_ < kMalformedWarningsMax) {
    ++malformed_warned_;
    asides_.Warn(
        absl::StrCat("source: line ", line, " ", A(what), " and was not forwarded",
                     lines > 1 ? absl::StrCat(" (nor were the ", lines - 1, " after it)") : ""));
  }
  if (policy_.on_malformed == MalformedPolicy::kDrop || tainted_) return;
  tainted_ = true;
  const bool stop = policy_.on_malformed == MalformedPolicy::kFail;
  Fault fault = MakeFault(
      ExitCode::kDataLoss, stop ? Fault::Effect::kAbort : Fault::Effect::kVerdict, Origin::kSource,
      absl::StrCat(
          "line ", line, " of the source ", A(what),
          " and may have carried data: no later state becomes durable. Mend the source, or "
          "accept the loss with --on-malformed drop"));
  stop ? Stop(std::move(fault)) : asides_.Raise(std::move(fault));
}

// The supervisor hears of it some time; what stands behind the line is not forwarded meanwhile.
void Intake::Stop(Fault fault) {
  stopped_here_ |= !std::exchange(stopped_, true);
  asides_.Raise(std::move(fault));
}

bool Intake::OnOther(const LineItem& item) {
  const std::string_view value = Value(item);
  if (Asides::IsForControl(value, /*frequent=*/false)) return OnControl(item, false);
  const bool cut = IsCut(item);
  if (cut && item.mentions_config && CutMayBeUpdate(value)) return OnControl(item, true);
  if (cut && !policy_.answers.empty()) {
    const uint64_t bytes = item.end - item.begin;
    RaiseLongAnswer(absl::StrCat("a line of ", bytes, " bytes, which"), bytes);
  } else {
    asides_.OnOther(value, LineNumber(item));
  }
  return true;
}

// What the connector was started for, most likely; at any rate nothing that can be passed over.
void Intake::RaiseLongAnswer(std::string_view what, uint64_t bytes) {
  const uint64_t budget = std::max(kBudgetPerValue * bytes, 2 * bytes + kBudgetOfTheRest);
  asides_.Raise(MakeFault(ExitCode::kSourceFailed, Fault::Effect::kVerdict, Origin::kSource,
                          absl::StrCat("the source printed ", A(what),
                                       " does not fit the memory budget; --memory-budget ",
                                       (budget >> 20) + 1, "MiB would do")));
}

void Intake::AllTaken() {
  if (!std::exchange(answer_dropped_, false)) return;
  const uint64_t bytes = run_.source_bytes.value();
  RaiseLongAnswer(absl::StrCat(bytes, " bytes, with a line among them that"), bytes);
}

void Intake::OnOversize() {
  opened_ = in_broken_message_ = false;
  account_.lines[LineKind::kMalformed] += 1;
  if (policy_.answers.empty()) {
    OnMalformed(lines_before_ + 1, 1, "is longer than --line-bytes-max");
  } else {
    answer_dropped_ = true;  // how long it is shows when all of it has come
  }
  ++lines_before_;
}

// Rare, so the envelope of a RECORD is read again here instead of being carried along. However long
// the line is, its names are bounded.
StreamDescriptor Intake::StreamOf(const LineItem& item) const {
  EnvelopeReader reader(Validation::kEnvelope);
  reader.Reset();
  bool begun = false;
  for (const Chunk* part = chunk_.get(); part != nullptr; part = part->next.get()) {
    std::string_view bytes = part->bytes();
    if (!chunk_->long_line) bytes = bytes.substr(item.begin, item.end - item.begin);
    if (!begun) bytes.remove_prefix(std::min(bytes.find('{'), bytes.size()));
    begun = begun || !bytes.empty();
    reader.Feed(bytes);
    if (reader.grammar().status() == EnvelopeReader::Grammar::Status::kDone) break;
  }
  const Envelope& envelope = reader.envelope();
  StreamDescriptor stream;
  UnescapeName(envelope.stream_text, &stream.name);
  if (envelope.name_space == JsonKind::kString) {
    UnescapeName(envelope.namespace_text, &stream.name_space.emplace());
  }
  return stream;
}

void Intake::OnUnknownStream(const LineItem& item) {
  const std::string news = unknown_.AddRecord(StreamOf(item));
  if (news.empty()) return;
  const std::string text = absl::StrCat("source: line ", LineNumber(item), ": ", news);
  asides_.Warn(text);
  if (policy_.fail_on_unknown_stream) {
    Stop(MakeFault(ExitCode::kSourceFailed, Fault::Effect::kAbort, Origin::kSource, text));
  }
}

bool Intake::OnTextLines(const LineItem& item) {
  const bool broken = opened_ && item.part == TextPart::kNamesType;
  if (item.mentions_config && !OnControl(item, true)) return false;
  if (item.part == TextPart::kOpens) opened_ = true;
  if (broken) {
    in_broken_message_ = true;
    LineCounts& counts = chunk_->block.counts;
    counts[LineKind::kText] -= item.lines;
    counts[LineKind::kMalformed] += item.lines;
    OnMalformed(LineNumber(item), item.lines, "is of a message that is printed over several lines");
  } else if (!item.mentions_config && !in_broken_message_) {
    OnText(item);
  }
  return true;
}

void Intake::OnText(const LineItem& item) {
  asides_.OnText(ItemBytes(*chunk_, item, kMaskedInputBytesMax, &scratch_), item.lines);
}

void Intake::OnUnusableState(const LineItem& item) {
  ++account_.states_read;
  run_.unusable_states.Add(1);
  asides_.Warn(absl::StrCat("source: line ", LineNumber(item),
                            ": a STATE without a usable payload was not forwarded"));
}

void Intake::CountRecords(std::size_t deltas_end) {
  const std::vector<StreamDelta>& deltas = chunk_->block.deltas;
  uint64_t records = 0;
  for (; counted_deltas_ < deltas_end; ++counted_deltas_) {
    const StreamDelta& delta = deltas[counted_deltas_];
    account_.streams[delta.stream].records_read += delta.records;
    account_.streams[delta.stream].bytes_read += delta.bytes;
    records += delta.records;
    if (!progress_.watches_records()) continue;
    asides_.Tell(progress_.OnRecords(delta.stream, {chunk_->read_at, chunk_->read_mono}));
  }
  run_.catalog_records_read.Add(records);
}

void Intake::ShowProgress() {
  const std::optional<uint64_t> expected = progress_.expected_records();
  const bool usable = expected && *expected <= INT64_MAX;
  run_.expected_records.Set(usable ? static_cast<int64_t>(*expected) : -1);
  run_.rate_limited_streams.Set(progress_.rate_limited_streams());
  const absl::Duration resumes = progress_.source_resumes_at().value_or(-absl::InfiniteDuration());
  run_.source_resumes_ms.Set(absl::ToInt64Milliseconds(resumes));
}

// The counts of a chunk are of its runs up to a STATE or the chunk's end together, so where it is
// cut in between they are made anew, from the lines that are left.
void Intake::CountKeptAnew() {
  ClassifiedBlock& block = chunk_->block;
  block.deltas.clear();
  LineClassifier classifier(policy_.classifier, &catalog_);
  ClassifiedBlock kept;
  for (LineItem& item : block.items) {
    if (item.kind == LineItem::Kind::kRun && !chunk_->long_line) {
      classifier.Classify(chunk_->bytes().substr(item.begin, item.end - item.begin), &kept);
      block.deltas.insert(block.deltas.end(), kept.deltas.begin(), kept.deltas.end());
    }
    item.deltas_end = static_cast<uint32_t>(block.deltas.size());
  }
}

void Intake::Finish() {
  ClassifiedBlock& block = chunk_->block;
  account_.lines.Add(block.counts);
  CountRecords(block.deltas.size());
  ShowProgress();
  const uint64_t records = block.counts[LineKind::kRecord];
  if (records > 0 && !account_.first_record_at) account_.first_record_at = chunk_->read_mono;
  run_.records_read.Add(records);
  lines_before_ += block.counts.physical_lines;
  block.items.resize(kept_items_);
  std::exchange(stopped_here_, false) ? CountKeptAnew() : CloseDeltas();
  if (block.items.capacity() > kItemsKeptMax) block.items.shrink_to_fit();
  if (scratch_.capacity() > kChunkBytes) std::string().swap(scratch_);
}

}  // namespace shunt
