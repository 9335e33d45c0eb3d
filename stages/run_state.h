// RunState: the few values that all stages of one run look at. The supervisor steers with the first
// group; the stages tell it how far they are with the second; the third is for progress lines.
// Threads: any; every member is a Cell or a Counter, with the writer named.
#pragma once

#include <cstdint>

#include "lanes/cell.h"
#include "lanes/counter.h"

namespace shunt {

// How far one connector's output has been looked through, for its log on another pipe, which must
// not overtake it. LogStage asks; the reader answers when it finds the output drained after that.
struct OutputMark {
  Cell<uint64_t> asked{0};     // LogStage: the number of its last question
  Cell<uint64_t> drained{0};   // the reader: how many bytes there were when it was drained
  Cell<uint64_t> answered{0};  // the reader, after `drained`: the last question before that
  Cell<uint64_t> looked{0};    // bytes whose lines were looked at: what they tell is known
};
inline constexpr uint64_t kNoMoreOutput = UINT64_MAX;  // the answer to all questions

struct RunState {
  // Set by SuperviseStage.
  Cell<bool> discard{false};          // abort: write nothing more, keep control and acks flowing
  Cell<bool> end_source{false};       // ReadStage: take what is there now, then treat it as the end
  Cell<bool> end_destination{false};  // AckStage: the same for the destination's output
  Cell<bool> end_writing{false};      // Outbox: the destination will not take what is left
  Cell<bool> end_logs{false};         // LogStage: the same for both stderr pipes

  // Set by Router::Stop, from any thread or a signal handler.
  Cell<int> stop_signal{0};
  Cell<int> stop_count{0};

  // Set by the stages.
  Cell<bool> source_ended{false};        // ReadStage: end of file
  Cell<bool> forwarded_all{false};       // ForwardStage: everything before the trailer is out
  Cell<bool> input_closed{false};        // ForwardStage: the destination has seen end of file
  Cell<bool> destination_broken{false};  // ForwardStage: the destination stopped reading
  Cell<bool> destination_ended{false};   // AckStage: end of file
  Cell<bool> source_waiting{false};      // ReadStage: the source has nothing for us
  Cell<bool> source_held{false};         // ReadStage: no room, so nothing is read
  Cell<bool> source_flows{false};    // ReadStage: the last read was full, the next comes at once
  Cell<uint64_t> log_lines_lost{0};  // whoever finds the log lane full
  OutputMark source_output;          // ReadStage answers, ForwardStage has looked
  OutputMark destination_output;     // AckStage
  Counter source_log_lines_dropped;  // ForwardStage, at intake: more than people may see
  Counter destination_log_lines_dropped;  // AckStage: likewise
  // Outbox: the newest state that the destination may have whole, by its number. While some are
  // being written: any.
  Cell<uint64_t> states_out{0};
  // AckStage: the files of unacknowledged states are as large as they may be. Until some are
  // acknowledged, no further one is announced.
  Cell<bool> spill_full{false};
  Cell<bool> write_blocked{false};  // ForwardStage: has bytes and the destination's pipe is full

  // What the source said of itself.
  Cell<int64_t> expected_records{-1};      // ForwardStage, at intake; -1: nothing to go by
  Cell<uint64_t> rate_limited_streams{0};  // likewise
  // Likewise: until then (monotonic) it may be silent, because it waits for a rate limit.
  Cell<int64_t> source_resumes_ms{INT64_MIN};

  Cell<uint64_t> listed_items{0};  // ClassifyStages
  Counter listed_items_max;        // ForwardStage: how many it ever saw waiting
  Counter looked_at_items;         // ForwardStage: those of them that the intake is done with

  // Counted by the stages.
  Counter source_bytes;          // ReadStage
  Counter source_line_ends;      // ReadStage: reads that brought the end of a line
  Counter queued_bytes;          // ReadStage: handed to the pipeline
  Counter taken_in_bytes;        // ForwardStage: classified and looked at
  Counter finished_bytes;        // ForwardStage: forwarded or dropped; queued - finished is waiting
  Counter records_read;          // ForwardStage, at intake
  Counter catalog_records_read;  // likewise those of streams that the catalog has
  Counter malformed_lines;       // ForwardStage, at intake
  Counter unusable_states;       // ForwardStage, at intake
  Counter records_forwarded;     // ForwardStage; those left out are among them
  Counter records_left_out;      // ForwardStage: filtered, or lost to a transform
  Counter forwarded_bytes;       // ForwardStage: accepted by the destination's pipe
  Counter moved_bytes;           // ForwardStage: those of them that were not copied
  Counter states_forwarded;      // ForwardStage
  Counter destination_bytes;     // AckStage: read from the destination
  Counter states_acked;          // AckStage
  Counter states_committed;      // CheckpointStage
  Counter blocked_on_source_ms;  // SuperviseStage
  Counter blocked_on_destination_ms;  // SuperviseStage
  Counter config_updates_applied;     // ControlStage

  uint64_t unread_bytes() const { return queued_bytes.value() - taken_in_bytes.value(); }
  uint64_t waiting_bytes() const { return queued_bytes.value() - finished_bytes.value(); }
};

}  // namespace shunt
