#include "stages/intake.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/strings.h"
#include "protocol/json_cursor.h"
#include "protocol/payloads.h"

namespace shunt {
namespace {

constexpr std::size_t kLogTextBytesMax = 64 * 1024;  // of one line of text that is passed on
constexpr uint64_t kMalformedWarningsMax = 10;
constexpr std::size_t kItemsKeptMax = 4096;  // capacity that a pooled chunk may keep

std::string StreamName(const StreamDescriptor& stream) {
  return stream.name_space ? absl::StrCat(*stream.name_space, ".", stream.name) : stream.name;
}

}  // namespace

std::string_view ItemBytes(const Chunk& chunk, const LineItem& item, std::size_t bytes_max,
                           std::string* scratch) {
  if (!chunk.long_line) {
    return chunk.bytes().substr(item.begin,
                                std::min<std::size_t>(item.end - item.begin, bytes_max));
  }
  scratch->clear();
  for (const Chunk* part = &chunk; part != nullptr && scratch->size() < bytes_max;
       part = part->next.get()) {
    scratch->append(part->bytes().substr(0, bytes_max - scratch->size()));
  }
  return *scratch;
}

Intake::Intake(const ConfiguredCatalog& catalog, const IntakePolicy& policy,
               const SecretGate& secrets, ControlLane& control, LogLane& logs, FaultLane& faults,
               RunState& run)
    : catalog_(catalog),
      policy_(policy),
      secrets_(secrets),
      control_(control),
      logs_(logs),
      faults_(faults),
      run_(run) {
  account_.streams.resize(catalog.streams.size());
}

void Intake::Begin(ChunkPtr chunk) {
  SHUNT_CHECK(ready());
  chunk_ = std::move(chunk);
  next_item_ = kept_items_ = 0;
}

bool Intake::Step() {
  if (chunk_->oversize) OnOversize();
  std::vector<LineItem>& items = chunk_->block.items;
  for (; next_item_ < items.size(); ++next_item_) {
    if (!Dispatch(items[next_item_])) return false;
  }
  Finish();
  return true;
}

void Intake::Close() {
  control_.Close();
  logs_.Close();
  faults_.Close();
}

bool Intake::Dispatch(LineItem& item) {
  switch (item.kind) {
    case LineItem::Kind::kState:
      ++account_.states_read;
      [[fallthrough]];
    case LineItem::Kind::kRun:
      Keep(item);
      return true;
    case LineItem::Kind::kControl:
      return SendControl(item, false);
    case LineItem::Kind::kMalformed:
      if (item.mentions_config && !SendControl(item, true)) return false;
      OnMalformed(LineNumber(item), item.lines, "is not a well-formed message");
      return true;
    case LineItem::Kind::kText:
      if (item.mentions_config) return SendControl(item, true);
      OnText(item);
      return true;
    case LineItem::Kind::kUnknownStream:
      OnUnknownStream(item);
      return true;
    case LineItem::Kind::kTrace:
      OnTrace(item);
      return true;
    case LineItem::Kind::kLog:
      OnLog(item);
      return true;
    case LineItem::Kind::kOther:
      OnOther(item);
      return true;
    case LineItem::Kind::kUnusableState:
      OnUnusableState(item);
      return true;
  }
  return true;
}

void Intake::Keep(const LineItem& item) {
  if (tainted_ && chunk_->tainted_from == UINT32_MAX) {
    chunk_->tainted_from = static_cast<uint32_t>(kept_items_);
  }
  chunk_->block.items[kept_items_++] = item;
}

bool Intake::SendControl(const LineItem& item, bool quarantine_only) {
  const std::string_view bytes = ItemBytes(*chunk_, item, policy_.value_bytes_max, &scratch_);
  ControlFact fact;
  fact.origin = Origin::kSource;
  fact.seq = std::max(LineNumber(item), control_seq_ + 1);
  fact.received_at = chunk_->read_at;
  fact.line.assign(bytes);
  fact.quarantine_only = quarantine_only;
  const uint64_t seq = fact.seq;
  secrets_.Learn(bytes);
  if (!control_.Send(std::move(fact), bytes.size())) return false;
  control_seq_ = seq;
  return true;
}

void Intake::OnMalformed(uint64_t line, uint64_t lines, std::string_view what) {
  run_.malformed_lines.Add(lines);
  if (malformed_warned_ < kMalformedWarningsMax) {
    ++malformed_warned_;
    Log(Origin::kShunt, LogLevel::kWarn,
        absl::StrCat("source: line ", line, " ", A(what), " and was not forwarded",
                     lines > 1 ? absl::StrCat(" (nor were the ", lines - 1, " after it)") : ""));
  }
  if (policy_.on_malformed == MalformedPolicy::kDrop || tainted_) return;
  tainted_ = true;
  const bool stop = policy_.on_malformed == MalformedPolicy::kFail;
  faults_.Send(MakeFault(
      ExitCode::kDataLoss, stop ? Fault::Effect::kAbort : Fault::Effect::kVerdict, Origin::kSource,
      absl::StrCat(
          "line ", line, " of the source ", A(what),
          " and may have carried data: no later state becomes durable. Mend the source, or "
          "accept the loss with --on-malformed drop")));
}

void Intake::OnOversize() {
  account_.lines[LineKind::kMalformed] += 1;
  OnMalformed(lines_before_ + 1, 1, "is longer than --line-bytes-max");
  ++lines_before_;
}

void Intake::OnUnknownStream(const LineItem& item) {
  ++account_.records_dropped;
  // Rare, so the envelope is read again here instead of being carried along.
  StreamDescriptor stream;
  const std::string_view line = ItemBytes(*chunk_, item, policy_.value_bytes_max, &scratch_);
  if (const auto message = ParseJson(line)) {
    if (const auto record = JsonFind(*message, "record")) {
      if (const auto name = JsonFind(*record, "stream"))
        stream.name = JsonString(*name).value_or("");
      if (const auto name_space = JsonFind(*record, "namespace");
          name_space && name_space->is_string()) {
        stream.name_space = JsonString(*name_space);
      }
    }
  }
  const bool known = account_.unknown_streams.contains(stream);
  if (!known && account_.unknown_streams.size() >= kUnknownStreamsMax) return;
  if (++account_.unknown_streams[stream] > 1) return;
  const std::string text =
      absl::StrCat("source: line ", LineNumber(item), ": stream ", StreamName(stream),
                   " is not in the catalog; its records are dropped");
  Log(Origin::kShunt, LogLevel::kWarn, text);
  if (policy_.fail_on_unknown_stream) {
    faults_.Send(MakeFault(ExitCode::kSourceFailed, Fault::Effect::kAbort, Origin::kSource, text));
  }
}

void Intake::OnTrace(const LineItem& item) {
  const auto trace = ParseTrace(ItemBytes(*chunk_, item, policy_.value_bytes_max, &scratch_));
  if (!trace.ok()) {
    Log(Origin::kShunt, LogLevel::kWarn,
        absl::StrCat("source: line ", LineNumber(item), ": ", trace.status().message()));
    return;
  }
  std::optional<Fault> fault = traces_.Add(*trace);
  if (!fault) return;
  Log(Origin::kSource, LogLevel::kError, fault->failure.message);
  faults_.Send(*std::move(fault));
}

void Intake::OnLog(const LineItem& item) {
  auto log = ParseLog(ItemBytes(*chunk_, item, policy_.value_bytes_max, &scratch_));
  if (!log.ok()) return;  // counted as a log line; without a message there is nothing to show
  std::string text = std::move(log->message);
  if (!log->stack_trace.empty()) absl::StrAppend(&text, "\n", log->stack_trace);
  Log(Origin::kSource, ParseLogLevelName(log->level), std::move(text));
}

void Intake::OnText(const LineItem& item) {
  const std::size_t bytes_max = chunk_->long_line ? kLogTextBytesMax : kChunkBytes;
  Log(Origin::kSource, LogLevel::kInfo,
      std::string(ItemBytes(*chunk_, item, bytes_max, &scratch_)));
}

void Intake::OnOther(const LineItem& item) {
  const auto status =
      ParseConnectionStatus(ItemBytes(*chunk_, item, policy_.value_bytes_max, &scratch_));
  if (!status.ok() || status->succeeded || std::exchange(check_failed_, true)) return;
  Fault fault =
      MakeFault(ExitCode::kSourceFailed, Fault::Effect::kVerdict, Origin::kSource,
                status->message.empty() ? "the source's connection check failed" : status->message);
  fault.failure.type = "config_error";
  faults_.Send(std::move(fault));
}

void Intake::OnUnusableState(const LineItem& item) {
  ++account_.states_read;
  ++account_.states_unusable;
  Log(Origin::kShunt, LogLevel::kWarn,
      absl::StrCat("source: line ", LineNumber(item),
                   ": a STATE without a usable payload was not forwarded"));
}

void Intake::Finish() {
  ClassifiedBlock& block = chunk_->block;
  account_.lines.Add(block.counts);
  for (const StreamDelta& delta : block.deltas) {
    account_.streams[delta.stream].records_read += delta.records;
    account_.streams[delta.stream].bytes_read += delta.bytes;
  }
  const uint64_t records = block.counts[LineKind::kRecord];
  if (records > 0 && !account_.first_record_at) account_.first_record_at = chunk_->read_at;
  run_.records_read.Add(records);
  lines_before_ += block.counts.physical_lines;
  block.items.resize(kept_items_);
  // Deltas may hang on an item that went elsewhere; they are of the runs before it.
  if (kept_items_ > 0) block.items.back().deltas_end = static_cast<uint32_t>(block.deltas.size());
  if (block.items.capacity() > kItemsKeptMax) block.items.shrink_to_fit();
  if (scratch_.capacity() > kChunkBytes) std::string().swap(scratch_);
}

void Intake::Log(Origin origin, LogLevel level, std::string text) {
  const std::size_t bytes = text.size();
  if (!logs_.Send(LogFact{origin, level, std::move(text)}, bytes)) ++account_.log_lines_dropped;
}

}  // namespace shunt
