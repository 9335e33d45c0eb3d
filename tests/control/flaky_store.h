// FlakyStore: a memory store whose UpdateConfig can fail, before or after it did what it was asked
// to (a lost answer to a commit). Everything else works.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "stores/forwarding_store.h"
#include "stores/memory_store.h"

namespace shunt::testing_control {

class FlakyStore final : public ForwardingStore {
 public:
  FlakyStore() : ForwardingStore(memory_) {}

  enum class Fault { kNone, kNothingHappens, kEverythingHappens };

  Fault fault = Fault::kNone;
  absl::Status error = absl::UnavailableError("store: locked");
  int updates = 0;  // tried

  absl::Status UpdateConfig(std::string_view config_id, const Decide& decide) override {
    ++updates;
    if (fault == Fault::kNothingHappens) return error;
    const absl::Status status = memory_.UpdateConfig(config_id, decide);
    return fault == Fault::kEverythingHappens ? error : status;
  }

 private:
  MemoryStore memory_;
};

}  // namespace shunt::testing_control
