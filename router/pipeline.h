// Pipeline: the lanes, the stages and the state of one run, wired together. Which thread runs what
// is the agent's business (router/agent.h).
//
// Ownership: owns all of it; what Deps refers to is the embedder's. Members are in the order in
// which they may refer to each other: the pool outlives the lanes, the lanes outlive the stages.
#pragma once

#include <memory>
#include <vector>

#include "router/agent.h"
#include "router/memory_terms.h"
#include "router/router.h"
#include "secrets/masker.h"
#include "stages/ack_stage.h"
#include "stages/checkpoint_stage.h"
#include "stages/classify_stage.h"
#include "stages/control_desk.h"
#include "stages/forward_stage.h"
#include "stages/log_stage.h"
#include "stages/read_stage.h"
#include "stages/supervise_stage.h"

namespace shunt {

struct Pipeline {
  // `threads` is resolved: no kAuto that stands for another preset.
  Pipeline(RouterOptions options, const RouterDeps& deps, const MemoryPlan& memory, Threads threads,
           int classifiers);

  // The stages that an id stands for.
  std::vector<Stage*> Find(StageId id);
  // Whoever sends to these stages, or makes room for what they send, wakes this agent.
  void SetWaker(StageId id, Waker* waker);

  // Values that went through the lanes and the ring so far.
  uint64_t HandOvers() const;

  RouterOptions options;            // without the checkpoint that it came with
  const bool has_acknowledgements;  // the destination has an output
  Masker own_masker;
  Masker& masker;
  RunState run;
  const RecordRules no_rules;
  const RecordRules& rules;
  SchemaCheck* const schema_check;

  ChunkPool pool;
  RoomBell room;
  SourceTap tap;
  ChunkLane chunks;
  ChunkRing ring;
  AnnouncementLane announcements;
  CommitLane commits;
  ControlLane control;
  LogLane logs;
  FaultLane faults;

  ReadStage read;
  std::vector<std::unique_ptr<ClassifyStage>> classify;
  ForwardStage forward;
  AckStage ack;
  CheckpointStage checkpoint;
  ControlDesk control_desk;
  LogStage log;
  SuperviseStage supervise;
};

}  // namespace shunt
