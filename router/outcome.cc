#include "router/outcome.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/environment.h"
#include "platform/strings.h"
#include "router/report_mask.h"

namespace shunt {
namespace {

bool DestinationEndedWell(const SuperviseStage::Account& ending) {
  return ending.destination_exit && ending.destination_exit->clean();
}

// Decision 6: what a clean destination did not acknowledge although its durable state says so.
void ExplainStates(Pipeline& pipeline, Report* report) {
  const CheckpointStage::Account& committed = pipeline.checkpoint.account();
  CheckpointLedger& ledger = pipeline.ack.ledger();
  CoveredSum records;
  for (const auto& [lane, digest] : committed.durable) {
    // A ledger that cannot be read explains nothing: what is open stays open.
    const absl::StatusOr<uint64_t> explained = ledger.Explain(lane, digest, &records);
    if (!explained.ok()) break;
    report->states.explained += *explained;
  }
  for (const auto& [stream, counts] : records.streams()) {
    report->streams[stream].records_committed += counts.records;
    report->streams[stream].bytes_committed += counts.bytes;
  }
}

// A stream is complete when all of it is where it should be, whatever became of the others.
void FillStatuses(Pipeline& pipeline, Report* report) {
  const SuperviseStage::Account& ending = pipeline.supervise.account();
  const bool destination_failed =
      std::any_of(ending.faults.begin(), ending.faults.end(), [](const Fault& fault) {
        return fault.failure.origin == Origin::kDestination &&
               fault.effect != Fault::Effect::kListed;
      });
  const bool well =
      DestinationEndedWell(ending) && !destination_failed && !pipeline.run.discard.Get();
  const CheckpointLedger& ledger = pipeline.ack.ledger();
  // Of these every stream is a part.
  const bool whole = !ledger.HasOutstanding({StateType::kGlobal, {}}) &&
                     !ledger.HasOutstanding({StateType::kLegacy, {}});
  const ForwardStage& forward = pipeline.forward;
  for (std::size_t i = 0; i < report->streams.size(); ++i) {
    StreamReport& stream = report->streams[i];
    const bool complete = well && whole && forward.StreamComplete(i) &&
                          !ledger.HasOutstanding({StateType::kStream, stream.stream});
    stream.status = complete ? "complete" : forward.StreamStarted(i) ? "incomplete" : "not_started";
  }
}

void FillStreams(Pipeline& pipeline, Report* report) {
  const ForwardStage& forward = pipeline.forward;
  const SourceAccount& source = forward.intake().account();
  const std::vector<StreamAccount>& forwarded = forward.outbox().forwarded();
  const CheckpointStage::Account& committed = pipeline.checkpoint.account();
  report->streams.reserve(pipeline.options.catalog.streams.size());
  for (std::size_t i = 0; i < pipeline.options.catalog.streams.size(); ++i) {
    StreamReport stream;
    stream.stream = pipeline.options.catalog.streams[i].stream;
    stream.records_read = source.streams[i].records_read;
    stream.bytes_read = source.streams[i].bytes_read;
    stream.records_filtered = forwarded[i].records_filtered;
    stream.records_lost = forwarded[i].records_lost;
    stream.records_forwarded =
        forwarded[i].records_forwarded - stream.records_filtered - stream.records_lost;
    stream.states_forwarded = forwarded[i].states_forwarded;
    stream.records_committed = committed.streams[i].records;
    stream.bytes_committed = committed.streams[i].bytes;
    stream.records_rejected = committed.streams[i].rejected;
    stream.states_committed = committed.streams[i].states;
    if (pipeline.schema_check != nullptr) {
      stream.schema = std::make_shared<const SchemaCheck::Findings>(
          pipeline.schema_check->findings(static_cast<uint32_t>(i)));
    }
    report->streams.push_back(std::move(stream));
  }
  const UnknownStreams& unknown = forward.unknown_streams();
  for (const auto& [stream, counts] : unknown.streams()) {
    report->unknown_streams.push_back({stream, counts.records, counts.states});
  }
  if (const UnknownStreams::Counts& others = unknown.others(); others.records + others.states > 0) {
    report->further_unknown_streams = {{}, others.records, others.states};
  }
  report->records_dropped = unknown.total().records;
  report->records_rejected_of_many = committed.rejected_of_many;
  report->records_nulled = forward.outbox().records_nulled();
}

std::string_view EstimatesName(StreamProgress::Kind kind) {
  switch (kind) {
    case StreamProgress::Kind::kNone:
      return "";
    case StreamProgress::Kind::kStream:
      return "stream";
    case StreamProgress::Kind::kSync:
      return "sync";
    case StreamProgress::Kind::kMixed:
      return "mixed";
  }
  return "";
}

// What the source said of its streams, and both connectors of nothing in particular.
void FillProgress(Pipeline& pipeline, absl::Duration now, Report* report) {
  const StreamProgress& progress = pipeline.forward.intake().progress();
  for (std::size_t i = 0; i < report->streams.size(); ++i) {
    const StreamProgress::Stream& from = progress.streams()[i];
    StreamReport& to = report->streams[i];
    // A record says that its stream is running as well as a status does.
    const bool silent =
        from.state == StreamRunState::kNone || from.state == StreamRunState::kStarted;
    to.run_state =
        StreamRunStateName(silent && to.records_read > 0 ? StreamRunState::kRunning : from.state);
    if (from.estimate) to.estimate = {from.estimate->records, from.estimate->bytes};
    to.rate_limits = from.rate_limits;
    to.rate_limited_for = progress.RateLimitedFor(i, now);
    to.quota_reset_ms = from.quota_reset_ms;
  }
  report->estimates = EstimatesName(progress.kind());
  report->estimate = {progress.total().records, progress.total().bytes};
  for (const auto& [type, count] : pipeline.forward.intake().traces().analytics()) {
    report->analytics.push_back({Origin::kSource, type, count});
  }
  for (const auto& [type, count] : pipeline.ack.traces().analytics()) {
    report->analytics.push_back({Origin::kDestination, type, count});
  }
  const auto add_unknown = [report](Origin origin, const UnknownTypes& unknown) {
    for (const auto& [type, count] : unknown.types()) {
      report->unknown_types.push_back({origin, type, count});
    }
    if (unknown.others() > 0) report->unknown_types.push_back({origin, "", unknown.others()});
  };
  add_unknown(Origin::kSource, pipeline.forward.intake().unknown_types());
  add_unknown(Origin::kDestination, pipeline.ack.unknown_types());
}

void FillConnector(const ConnectorOptions& options, const std::optional<ExitStatus>& exit,
                   uint64_t lines, uint64_t bytes, ConnectorReport* report) {
  report->command = options.command;
  report->config_generation = options.config_generation;
  report->lines = lines;
  report->bytes = bytes;
  if (!exit) return;
  report->exit_code = exit->code;
  report->signal = exit->signal;
}

void FillControl(const ControlDesk::Account& account, ControlCounts* control) {
  control->received = account.received;
  control->applied = account.applied;
  control->superseded = account.superseded;
  control->duplicate = account.duplicate;
  control->quarantined = account.quarantined;
  control->source_generation = account.source_generation;
  control->destination_generation = account.destination_generation;
  control->alerts = account.alerts;
}

// Of a connector that says nothing else of how it ended, the last lines of its stderr.
void AddStderr(const LogStage& log, std::vector<Fault>* faults) {
  for (Fault& fault : *faults) {
    if (!fault.wants_stderr || !fault.failure.stack_trace.empty()) continue;
    fault.failure.stack_trace = log.TailOf(fault.failure.origin);
  }
}

// The first fault decides. Listed are causes, then what the source made of them, then the broken
// pipe, which says least.
void FillFailures(std::vector<Fault> faults, Report* report) {
  const auto first = std::find_if(faults.begin(), faults.end(), [](const Fault& fault) {
    return fault.effect != Fault::Effect::kListed;
  });
  report->exit_code = first == faults.end() ? 0 : first->exit_code;
  const auto rank = [](const Fault& fault) {
    return fault.failure.internal_message == kBrokenPipe ? 2 : fault.consequence ? 1 : 0;
  };
  std::stable_sort(faults.begin(), faults.end(),
                   [rank](const Fault& a, const Fault& b) { return rank(a) < rank(b); });
  for (Fault& fault : faults) {
    report->failures.push_back(std::move(fault.failure));
  }
}

void AddFailure(ExitCode code, Origin origin, std::string message, Report* report) {
  if (report->exit_code == 0) report->exit_code = static_cast<int>(code);
  Failure failure;
  failure.origin = origin;
  failure.message = std::move(message);
  report->failures.push_back(std::move(failure));
}

// Acknowledgements that came and are of no state that was sent, as the end of a sentence.
std::string UnmatchedAcks(Pipeline& pipeline) {
  const AckStage::Account& acks = pipeline.ack.account();
  if (!acks.first_unmatched) return "";
  const LaneKey& lane = *acks.first_unmatched;
  const std::string of_stream =
      lane.type == StateType::kStream
          ? absl::StrCat(", the first for stream ", ShownStream(lane.stream))
          : absl::StrCat(", the first ", A(StateTypeName(lane.type)));
  return absl::StrCat(". ", acks.unmatched_acks,
                      " acknowledgements came that match no state it was sent", of_stream,
                      ": it changes states before it gives them back (a number that was rounded?), "
                      "or gives them back twice");
}

// What the run did as it was told to, and its reader should know all the same.
void AddRemark(std::string type, Origin origin, std::string message, Report* report) {
  Failure failure;
  failure.origin = origin;
  failure.type = std::move(type);
  failure.message = std::move(message);
  failure.remark = true;
  report->failures.push_back(std::move(failure));
}

// Rows that nobody has, and messages that were none.
void AddRemarks(const Pipeline& pipeline, Report* report) {
  const UnknownStreams& unknown = pipeline.forward.unknown_streams();
  std::string dropped = unknown.Summary();
  if (!dropped.empty() && pipeline.options.on_unknown_stream == OnUnknownStream::kDrop) {
    const auto type = pipeline.forward.outbox().gate().state_type();
    if (unknown.total().records > 0 && type && *type != StateType::kStream) {
      absl::StrAppend(&dropped, ". The ", A(StateTypeName(*type)),
                      " states went on, and may cover them: before a later run has these streams, "
                      "reset them");
    }
    AddRemark("config_error", Origin::kSource, std::move(dropped), report);
    if (report->unknown_streams.size() == 1 && !report->further_unknown_streams) {
      report->failures.back().stream = report->unknown_streams.front().stream;
    }
  }
  for (const auto& [origin, types] :
       {std::pair(Origin::kSource, &pipeline.forward.intake().unknown_types()),
        std::pair(Origin::kDestination, &pipeline.ack.unknown_types())}) {
    if (types->total() == 0) continue;
    const bool nothing_else = origin == Origin::kSource && report->verb.empty() &&
                              report->lines[LineKind::kRecord] == 0 && report->states.read == 0;
    AddRemark(
        "system_error", origin,
        absl::StrCat("the ", A(OriginName(origin)), " sent ", types->total(),
                     " messages of types that are not known",
                     nothing_else ? ", and no record or state at all" : "", ": ", types->Summary()),
        report);
  }
}

// What only shows when everything is over: states that nobody acknowledged, and our own sums.
void CheckEnd(Pipeline& pipeline, Report* report) {
  const bool can_acknowledge = pipeline.has_acknowledgements;
  const uint64_t open = pipeline.ack.ledger().outstanding();
  if (!can_acknowledge) {
    report->states.explained = report->states.forwarded;
  } else if (open > 0 && report->exit_code == 0) {
    AddFailure(ExitCode::kIncompleteAcks, Origin::kDestination,
               absl::StrCat("the destination ended well without acknowledging ", open,
                            " states: their records will be sent again", UnmatchedAcks(pipeline)),
               report);
  }
  // G7: every record that was read was forwarded or left out, unless the run was cut short.
  const StreamReport totals = report->Totals();
  const bool cut_short = pipeline.run.discard.Get();
  const uint64_t left_out = totals.records_filtered + totals.records_lost;
  const bool adds_up = cut_short ? totals.records_forwarded + left_out <= totals.records_read
                                 : totals.records_forwarded + left_out == totals.records_read;
  const uint64_t records = report->lines[LineKind::kRecord];
  if (!adds_up || records != totals.records_read + report->records_dropped) {
    AddFailure(ExitCode::kInternalError, Origin::kShunt,
               absl::StrCat("the counts do not add up: ", records, " record lines, ",
                            totals.records_read, " read, ", report->records_dropped, " dropped, ",
                            totals.records_forwarded, " forwarded, ", left_out, " left out"),
               report);
  }
}

std::optional<int64_t> Millis(std::optional<absl::Duration> at, absl::Duration since) {
  if (!at) return std::nullopt;
  return absl::ToInt64Milliseconds(*at - since);
}

}  // namespace

Report MakeReport(Pipeline& pipeline, absl::Time started_at, absl::Time finished_at,
                  absl::Duration started_mono, absl::Duration finished_mono) {
  const SuperviseStage::Account& ending = pipeline.supervise.account();
  const SourceAccount& source = pipeline.forward.intake().account();
  const AckStage::Account& acks = pipeline.ack.account();
  Report report;
  report.connection = pipeline.options.run.connection;
  report.run_id = pipeline.options.run.run_id;
  report.started_at = started_at;
  report.finished_at = finished_at;
  report.duration = finished_mono - started_mono;
  FillConnector(pipeline.options.source, ending.source_exit, source.lines.physical_lines,
                pipeline.run.source_bytes.value(), &report.source);
  FillConnector(pipeline.options.destination, ending.destination_exit, acks.lines.physical_lines,
                acks.bytes, &report.destination);
  report.source.answer = pipeline.masker.MaskText(pipeline.forward.intake().answer());
  report.destination.answer = pipeline.masker.MaskText(pipeline.ack.answer());
  FillStreams(pipeline, &report);
  FillProgress(pipeline, finished_mono, &report);
  report.lines = source.lines;
  report.states = {.read = source.states_read,
                   .forwarded = pipeline.forward.outbox().states_forwarded(),
                   .acked = acks.acked,
                   .committed = pipeline.checkpoint.account().states_committed,
                   .explained = 0,
                   .unmatched_acks = acks.unmatched_acks,
                   .injected = pipeline.forward.states_injected(),
                   .source_count_mismatches = pipeline.forward.outbox().gate().count_mismatches(),
                   .destination_count_mismatches = acks.count_mismatches};
  report.checkpoint_moved = pipeline.checkpoint.account().moved;
  FillControl(pipeline.control_desk.account(), &report.control);
  std::vector<Fault> faults = ending.faults;
  AddStderr(pipeline.log, &faults);
  FillFailures(std::move(faults), &report);
  if (DestinationEndedWell(ending) && !pipeline.run.discard.Get()) ExplainStates(pipeline, &report);
  FillStatuses(pipeline, &report);
  CheckEnd(pipeline, &report);
  AddRemarks(pipeline, &report);
  report.timings.first_record_ms = Millis(source.first_record_at, started_mono);
  report.timings.source_done_ms = Millis(ending.source_done_at, started_mono);
  report.timings.destination_done_ms = Millis(ending.destination_done_at, started_mono);
  report.timings.blocked_on_source_ms = absl::ToInt64Milliseconds(ending.blocked_on_source);
  report.timings.blocked_on_destination_ms =
      absl::ToInt64Milliseconds(ending.blocked_on_destination);
  report.peak_memory_bytes = PeakMemoryBytes();
  MaskReport(pipeline.masker, &report);
  return report;
}

}  // namespace shunt
