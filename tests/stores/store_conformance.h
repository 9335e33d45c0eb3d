// The conformance suite of stores: every store gives the same answers (G49). The tests stand in
// store_conformance_{runs,exclusive_configs,checkpoints,past,configs,journal,fencing,texts,extremes,
// sharing}_test.cc; a new store joins by adding its kind in store_conformance_test.cc.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "stores/store.h"
#include "tests/stores/store_worlds.h"

namespace shunt {

inline const absl::Time kNow = absl::FromUnixNanos(1'732'300'000'123'456'789);

// The value, or a failed test and a default.
template <typename T>
T Get(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  ADD_FAILURE() << value.status();
  return T{};
}

#define EXPECT_OK(expression)                      \
  do {                                             \
    const absl::Status expected_ok = (expression); \
    EXPECT_TRUE(expected_ok.ok()) << expected_ok;  \
  } while (false)

inline absl::StatusCode CodeOf(const absl::Status& status) { return status.code(); }
template <typename T>
absl::StatusCode CodeOf(const absl::StatusOr<T>& value) {
  return value.status().code();
}

// Test programs read better with these.
inline CheckpointWrite StreamState(std::string name, std::string blob,
                                   std::optional<std::string> name_space = std::nullopt) {
  return {StateType::kStream, {std::move(name), std::move(name_space)}, std::move(blob)};
}
inline CheckpointWrite StreamGone(std::string name,
                                  std::optional<std::string> name_space = std::nullopt) {
  return {StateType::kStream, {std::move(name), std::move(name_space)}, std::nullopt};
}
inline CheckpointWrite GlobalState(std::string blob) {
  return {StateType::kGlobal, {}, std::move(blob)};
}
inline CheckpointWrite LegacyState(std::string blob) {
  return {StateType::kLegacy, {}, std::move(blob)};
}

// A checkpoint in one line per lane, as "STREAM users@public {..}"; no @ without a namespace.
std::vector<std::string> Lines(const std::vector<StoredState>& states);

// A journal row of config "id" with something in every field.
JournalRow MakeRow(int64_t seq, Verdict verdict = Verdict::kApplied);
// A document of generation `generation` with something in every field.
ConfigDocument MakeDocument(int64_t generation);

// A decision that does not look.
inline Store::Decide Always(ConfigChange change) {
  return [change = std::move(change)](const ConfigDocument&) -> absl::StatusOr<ConfigChange> {
    return change;
  };
}

// Every kind of store, and what a test of it is called.
std::vector<StoreKind> AllKinds();
std::string NameOf(const ::testing::TestParamInfo<StoreKind>& kind);

class StoreConformance : public ::testing::TestWithParam<StoreKind> {
 protected:
  StoreConformance() : world_(GetParam().make_world()), store_(world_->Open()) {}

  // Everything is forgotten that is not in the store, as by kill -9 and a new start.
  void Restart() {
    store_.reset();
    store_ = world_->Open();
  }

  RunHandle Begin(std::string_view connection, std::string_view run_id) {
    return Get(store_->BeginRun(connection, run_id, kNow, false));
  }
  absl::StatusOr<RunHandle> BeginAlone(Store& store, std::string connection, std::string run_id,
                                       std::vector<std::string> exclusive_configs,
                                       bool take_over = false) {
    return store.BeginRun({.connection = std::move(connection),
                           .run_id = std::move(run_id),
                           .now = kNow,
                           .take_over = take_over,
                           .exclusive_configs = std::move(exclusive_configs)});
  }
  std::vector<std::string> Checkpoint(std::string_view connection) {
    return Lines(Get(store_->ReadCheckpoint(connection)));
  }
  std::string StatusOf(std::string_view run_id) { return Get(store_->FindRun(run_id)).status; }

  const std::unique_ptr<StoreWorld> world_;
  std::unique_ptr<Store> store_;
};

// For stores whose seal is nobody else's (stores/sealed_store.h keeps its own there).
class PlainStoreConformance : public StoreConformance {
 protected:
  absl::Status SetSeal(std::string seal) {
    return store_->UpdateSeal(
        [&](std::string_view) -> absl::StatusOr<std::string> { return seal; });
  }
};

}  // namespace shunt
