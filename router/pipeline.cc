#include "router/pipeline.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <utility>

#include "platform/environment.h"
#include "platform/files.h"

namespace shunt {
namespace {

constexpr std::size_t kControlFactsMax = 64 * 1024;
constexpr std::size_t kLogFactsMax = 4096;
constexpr std::size_t kFaultsMax = 4096;
constexpr int kLogSenders = 5;      // intake, outbox, ack, control, supervise
constexpr int kControlSenders = 2;  // intake, ack
constexpr int kFaultSenders = 8;    // read, forward, intake, outbox and its state gate, ack, ...

ClassifierOptions SourceLines(const RouterOptions& options) {
  return {.validation = options.validation,
          .origin = Origin::kSource,
          .block_bytes_max = kChunkBytes,
          .items_max = kItemsMax};
}

MalformedPolicy PolicyOf(OnMalformed policy) {
  switch (policy) {
    case OnMalformed::kTaint:
      return MalformedPolicy::kTaint;
    case OnMalformed::kDrop:
      return MalformedPolicy::kDrop;
    case OnMalformed::kFail:
      return MalformedPolicy::kFail;
  }
  return MalformedPolicy::kTaint;
}

bool SendStatuses(const RouterOptions& options) {
  switch (options.stream_statuses) {
    case StreamStatuses::kAlways:
      return true;
    case StreamStatuses::kNever:
      return false;
    case StreamStatuses::kAuto:
      return options.catalog.supports_refreshes();
  }
  return false;
}

std::string SpillDir(const RouterOptions& options) {
  return options.spill_dir.empty() ? GetEnv("TMPDIR").value_or("/tmp") : options.spill_dir;
}

uint64_t SpillBytesMax(const RouterOptions& options) {
  const std::optional<int64_t> free = FreeBytes(SpillDir(options));
  const int64_t share = free ? *free / 4 : options.spill_bytes_max;
  return static_cast<uint64_t>(std::min(options.spill_bytes_max, share));
}

// Enough to keep everybody busy: the one data thread, or classifiers that are woken once for a
// batch.
ReadLimits ReadLimitsOf(const RouterOptions& options, Threads threads) {
  const bool together = SharesThread(threads, StageId::kRead, StageId::kClassify);
  return {.flow_bytes = (together ? 3 : 2 * kChunksPerWake) * uint64_t{kChunkBytes},
          .read_ahead_bytes = static_cast<uint64_t>(options.read_ahead_bytes),
          .line_bytes_max = static_cast<uint64_t>(options.LineBytesMax())};
}

ForwardStage::Options ForwardOptions(const RouterOptions& options, const MemoryPlan& memory,
                                     Threads threads, const RecordRules& rules,
                                     SchemaCheck* schema_check) {
  return {.intake = {.on_malformed = PolicyOf(options.on_malformed),
                     .fail_on_unknown_stream = options.on_unknown_stream == OnUnknownStream::kFail,
                     .value_bytes_max = memory.value_bytes_max,
                     .classifier = SourceLines(options),
                     .answers = options.answers,
                     .log_level = options.log_level},
          .outbox = {.states = {.fill_state_counts =
                                    options.fill_state_counts == FillStateCounts::kAuto,
                                .check_counts = options.check_counts,
                                .value_bytes_max = memory.value_bytes_max,
                                .fail_on_unknown_stream =
                                    options.on_unknown_stream == OnUnknownStream::kFail,
                                .names = options.names()},
                     .classifier = SourceLines(options),
                     .rules = &rules,
                     .schema_check = schema_check},
          .send_statuses = SendStatuses(options),
          .inject_missing_states = options.missing_states == MissingStatesMode::kInject,
          .gather = SharesThread(threads, StageId::kRead, StageId::kForward)};
}

ControlOptions ControlLaneOptions(const RouterOptions& options) {
  ControlOptions control;
  control.run = options.run;
  control.mode =
      options.config_update == ConfigUpdateMode::kMerge ? ConfigMode::kMerge : ConfigMode::kReplace;
  const auto connector = [&options](const ConnectorOptions& from) {
    ControlConnector to = {.config_id = from.config_id, .spec = from.spec};
    if (options.causal_floor) to.causal_floor_ms = from.config_newest.effective_at_ms;
    return to;
  };
  control.source = connector(options.source);
  control.destination = connector(options.destination);
  control.persist_deadline = options.persist_timeout;
  return control;
}

}  // namespace

Pipeline::Pipeline(RouterOptions given, const RouterDeps& deps, const MemoryPlan& memory,
                   Threads threads, int classifiers)
    : options(std::move(given)),
      has_acknowledgements(deps.destination.has_output()),
      masker(deps.masker != nullptr ? *deps.masker : own_masker),
      rules(options.rules != nullptr ? *options.rules : no_rules),
      schema_check(deps.schema_check),
      pool(memory.chunks, MakeChunk),
      // What is rewritten is copied anyway.
      tap(options.zero_copy == ZeroCopy::kAuto && !options.rewrites_records()),
      chunks(memory.chunks, SIZE_MAX / 2),
      ring(std::bit_ceil(uint64_t{memory.chunks} + 1)),
      announcements(kAnnouncementsMax, kAnnouncementLaneBytes),
      commits(1, SIZE_MAX / 2),
      control(kControlFactsMax, memory.value_bytes_max, kControlSenders),
      logs(kLogFactsMax, memory.log_lane_bytes, kLogSenders),
      faults(kFaultsMax, SIZE_MAX / 2, kFaultSenders),
      read(deps.source, ReadLimitsOf(options, threads), deps.clock, pool, room, tap, chunks, ring,
           faults, run),
      forward(deps.destination, options.catalog,
              ForwardOptions(options, memory, threads, rules, schema_check),
              SecretGate{&masker, options.source.spec.get(), Origin::kSource},
              ForwardStage::Lanes{pool, ring, room, tap, control, logs, announcements, faults},
              deps.clock, run),
      ack(deps.destination,
          AckStage::Options{
              .spill_dir = SpillDir(options),
              .bodies_memory_bytes_max = memory.state_body_bytes,
              .outstanding_max = memory.outstanding_states_max,
              .memory_budget_bytes = static_cast<uint64_t>(options.memory_budget_bytes),
              .spill_bytes_max = SpillBytesMax(options),
              .line_bytes_max = memory.value_bytes_max,
              .answers = options.answers,
              .log_level = options.log_level,
              .names = options.names(),
              .check_counts = options.check_counts},
          SecretGate{&masker, options.destination.spec.get(), Origin::kDestination},
          AckStage::Lanes{announcements, commits, control, logs, faults}, deps.clock, run),
      checkpoint(deps.store, options.run, options.catalog, options.checkpoint, options.names(),
                 commits, faults, deps.clock, run),
      control_desk(ControlLaneOptions(options), options.on_invalid_config == OnInvalidConfig::kFail,
                   ControlDesk::Lanes{control, logs, faults}, masker, deps.store, deps.spill,
                   deps.clock, run),
      log(deps.source, deps.destination, logs, masker, deps.events, deps.clock, run,
          options.log_level),
      supervise(deps.source, deps.destination,
                SuperviseStage::Options{.source_timeout = options.source_timeout,
                                        .destination_timeout = options.destination_timeout,
                                        .abort_drain = options.abort_drain,
                                        .open_timeout = options.open_timeout},
                forward, faults, logs, deps.clock, run) {
  for (int i = 0; i < classifiers; ++i) {
    classify.push_back(std::make_unique<ClassifyStage>(SourceLines(options), options.catalog,
                                                       chunks, ring, room, run));
  }
  // Its digests are known; it may be as large as everything else together.
  std::vector<StoredState>().swap(options.checkpoint);
  masker.AddSecrets(options.source.secrets);
  masker.AddSecrets(options.destination.secrets);
}

std::vector<Stage*> Pipeline::Find(StageId id) {
  switch (id) {
    case StageId::kSupervise:
      return {&supervise};
    case StageId::kRead:
      return {&read};
    case StageId::kClassify: {
      std::vector<Stage*> all;
      for (const auto& stage : classify) all.push_back(stage.get());
      return all;
    }
    case StageId::kForward:
      return {&forward};
    case StageId::kAck:
      return {&ack};
    case StageId::kLog:
      return {&log};
    case StageId::kControl:
      return {&control_desk};
    case StageId::kCheckpoint:
      return {&checkpoint};
  }
  return {};
}

uint64_t Pipeline::HandOvers() const {
  return chunks.sent() + ring.taken() + announcements.sent() + commits.sent() + control.sent() +
         logs.sent() + faults.sent();
}

void Pipeline::SetWaker(StageId id, Waker* waker) {
  switch (id) {
    case StageId::kSupervise:
      faults.add_waker(waker);
      return;
    case StageId::kRead:
      room.add_waker(waker);
      log.add_reader_waker(Origin::kSource, waker);
      return;
    case StageId::kClassify:
      chunks.add_waker(waker);
      room.add_waker(waker);
      return;
    case StageId::kForward:
      ring.set_waker(waker);
      control.add_room_waker(waker);
      announcements.add_room_waker(waker);
      return;
    case StageId::kAck:
      announcements.add_waker(waker);
      control.add_room_waker(waker);
      commits.add_room_waker(waker);
      log.add_reader_waker(Origin::kDestination, waker);
      return;
    case StageId::kLog:
      logs.add_waker(waker);
      return;
    case StageId::kControl:
      control.add_waker(waker);
      return;
    case StageId::kCheckpoint:
      commits.add_waker(waker);
      return;
  }
}

}  // namespace shunt
