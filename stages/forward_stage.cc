#include "stages/forward_stage.h"

#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/check.h"
#include "platform/strings.h"
#include "protocol/json_cursor.h"

namespace shunt {
namespace {
constexpr int kChunksPerStep = 8;
// While the source flows, a full destination is only tried again once in so many rounds.
constexpr uint32_t kBlockedWriteEvery = 4;
constexpr int kIncompleteReportedMax = 100;
constexpr absl::Duration kSpillPause = absl::Milliseconds(20);
}  // namespace

ForwardStage::ForwardStage(Connector& destination, const ConfiguredCatalog& catalog,
                           const Options& options, const SecretGate& secrets, const Lanes& lanes,
                           const Clock& clock, RunState& run)
    : destination_(destination),
      catalog_(catalog),
      options_(options),
      pool_(lanes.pool),
      ring_(lanes.ring),
      room_(lanes.room),
      clock_(clock),
      run_(run),
      faults_(lanes.faults),
      unknown_(catalog),
      intake_(catalog, options.intake, unknown_, secrets, lanes.control, lanes.logs, lanes.faults,
              run),
      outbox_(destination, catalog, options.outbox, unknown_,
              {lanes.tap, lanes.announcements, lanes.faults, lanes.logs}, run),
      missing_states_(catalog) {}

Wait ForwardStage::wait() const {
  if (!done_ && !input_open_) return {.at_most = destination_.retry_after()};
  // A full lane (control, announcements) wakes us when it has room; nobody does when states on disk
  // were acknowledged.
  if (!done_ && outbox_.blocked_on_ledger() && run_.spill_full.Get()) {
    return {.at_most = kSpillPause};
  }
  if (done_ || !write_blocked_ || outbox_.blocked_on_ledger()) return {};
  const int fd = destination_.input_fd();
  return {.write_fd = fd,
          .at_most = fd < 0 ? destination_.retry_after() : absl::InfiniteDuration()};
}

absl::StatusOr<Step> ForwardStage::Run() {
  if (done_) return Step::kDone;
  if (run_.discard.Get()) outbox_.Discard();
  if (!input_open_) input_open_ = destination_.OpenInput();
  bool busy = TakeIn();
  busy |= WriteOut();
  RingForRoom(busy);
  if (!intake_done_ || !outbox_.empty()) return busy ? Step::kBusy : Step::kIdle;
  return End();
}

// The reader is told in batches, and before this stage rests.
void ForwardStage::RingForRoom(bool busy) {
  const uint64_t finished = run_.finished_bytes.value();
  made_room_ |= busy || finished != finished_rung_;
  if (!made_room_ || (busy && finished - finished_rung_ < kChunksPerWake * kChunkBytes)) return;
  room_.Ring();
  finished_rung_ = finished;
  made_room_ = false;
}

bool ForwardStage::TakeIn() {
  bool busy = false;
  for (int i = 0; i < kChunksPerStep && !intake_done_; ++i) {
    if (intake_.ready()) {
      ChunkPtr chunk{nullptr, ChunkPool::Return{}};
      if (!ring_.Take(&chunk)) {
        intake_done_ = ring_.closed();
        if (intake_done_) {
          intake_.AllTaken();
          ReportIncompleteStreams();
        }
        return busy || intake_done_;
      }
      listed_ = chunk->block.items.size();
      const uint64_t waiting = run_.listed_items.Get() - run_.looked_at_items.value();
      if (waiting > run_.listed_items_max.value()) {
        run_.listed_items_max.Add(waiting - run_.listed_items_max.value());
      }
      intake_.Begin(std::move(chunk));
    }
    if (!intake_.Step()) return busy;
    ChunkPtr chunk = intake_.Take();
    run_.taken_in_bytes.Add(chunk->stream_bytes);
    run_.source_output.looked.Set(run_.taken_in_bytes.value());
    run_.looked_at_items.Add(listed_);
    outbox_.Put(std::move(chunk));
    busy = true;
  }
  return busy;
}

bool ForwardStage::WriteOut() {
  // The destination was full a moment ago and there is something better to do.
  if (write_blocked_ && run_.source_flows.Get() && ++writes_skipped_ % kBlockedWriteEvery != 0) {
    return false;
  }
  switch (outbox_.Write(options_.gather && run_.source_flows.Get())) {
    case Outbox::Result::kGathering:
      return true;
    case Outbox::Result::kWrote:
      write_blocked_ = false;
      run_.write_blocked.Set(false);
      return true;
    case Outbox::Result::kBlocked:
      write_blocked_ = true;
      run_.write_blocked.Set(true);
      return false;
    case Outbox::Result::kBroken:
    case Outbox::Result::kNothing:
      write_blocked_ = false;
      run_.write_blocked.Set(false);
      return false;
  }
  return false;
}

// Everything is out: the states that are missing, the final statuses, then end of file for the
// destination.
Step ForwardStage::End() {
  run_.forwarded_all.Set(true);
  const Trailer trailer = trailer_.Get();
  if (trailer == Trailer::kUndecided) return Step::kIdle;
  if (!trailer_written_ && InjectMissingStates()) return Step::kBusy;
  if (!std::exchange(trailer_written_, true) && options_.send_statuses &&
      !run_.destination_broken.Get()) {
    outbox_.PutText(StatusLines());
    return Step::kBusy;
  }
  destination_.CloseInput();
  intake_.Close();
  outbox_.Close();
  faults_.Close();
  done_ = true;
  run_.input_closed.Set(true);
  return Step::kDone;
}

// They go the way of the source's own states: as a chunk of STATE lines.
bool ForwardStage::InjectMissingStates() {
  const std::optional<StateType> type = outbox_.gate().state_type();
  if (!options_.inject_missing_states || trailer_.Get() != Trailer::kSourceComplete ||
      run_.destination_broken.Get() || (type && *type != StateType::kStream)) {
    return false;
  }
  const std::string lines = missing_states_.Next(
      [this](std::size_t stream) {
        return StreamComplete(stream) && outbox_.forwarded()[stream].states_forwarded == 0;
      },
      kChunkBytes);
  if (lines.empty() || lines.size() > kChunkBytes) return false;
  ChunkPtr chunk = pool_.Acquire();
  SHUNT_CHECK(chunk != nullptr);  // all that was read is out
  chunk->Reset();
  memcpy(chunk->buffer.get(), lines.data(), lines.size());
  chunk->size = static_cast<uint32_t>(lines.size());
  LineClassifier classifier(options_.intake.classifier, &catalog_);
  classifier.Classify(chunk->bytes(), &chunk->block);
  outbox_.PutOwn(std::move(chunk));
  return true;
}

bool ForwardStage::StreamComplete(std::size_t stream) const {
  const StreamDescriptor& descriptor = catalog_.streams[stream].stream;
  const TraceLog& traces = intake_.traces();
  return trailer_.Get() == Trailer::kSourceComplete && !intake_.tainted() &&
         !outbox_.lost_records() && !outbox_.gate().distrusted() &&
         !traces.error_without_stream() && !traces.HasError(descriptor) &&
         traces.StatusOf(descriptor) != TraceMessage::StreamStatus::kIncomplete;
}

bool ForwardStage::StreamStarted(std::size_t stream) const {
  return intake_.account().streams[stream].records_read > 0 ||
         outbox_.forwarded()[stream].states_forwarded > 0 ||
         intake_.traces().StatusOf(catalog_.streams[stream].stream).has_value();
}

void ForwardStage::ReportIncompleteStreams() {
  int reported = 0;
  for (const ConfiguredStream& configured : catalog_.streams) {
    if (intake_.traces().StatusOf(configured.stream) != TraceMessage::StreamStatus::kIncomplete) {
      continue;
    }
    if (++reported > kIncompleteReportedMax) return;
    Fault fault =
        MakeFault(ExitCode::kSourceFailed, Fault::Effect::kVerdict, Origin::kSource,
                  absl::StrCat("the source left stream ", configured.stream.name, " incomplete"));
    fault.failure.stream = configured.stream;
    faults_.Send(std::move(fault));
  }
}

// TRACE STREAM_STATUS for every configured stream (contract decision 13).
std::string ForwardStage::StatusLines() const {
  std::string lines;
  const int64_t now_ms = absl::ToUnixMillis(clock_.WallNow());
  for (std::size_t i = 0; i < catalog_.streams.size(); ++i) {
    const StreamDescriptor stream = options_.outbox.states.names.Map(catalog_.streams[i].stream);
    absl::StrAppend(&lines, R"({"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":)",
                    now_ms, R"(,"stream_status":{"stream_descriptor":{"name":)",
                    JsonQuote(stream.name));
    if (stream.name_space)
      absl::StrAppend(&lines, R"(,"namespace":)", JsonQuote(*stream.name_space));
    absl::StrAppend(&lines, R"(},"status":")", StreamComplete(i) ? "COMPLETE" : "INCOMPLETE",
                    "\"}}}\n");
  }
  return lines;
}

}  // namespace shunt
