// Sharing: several threads and several stores on one content.
#include <algorithm>
#include <functional>
#include <thread>

#include "tests/stores/store_conformance.h"

namespace shunt {
namespace {

using ::absl::StatusCode;

// Every writer offers this: take it when it is newer than what is stored.
Store::Decide KeepNewest(OrderKey order, const std::string& value) {
  return [order, value](const ConfigDocument& stored) -> absl::StatusOr<ConfigChange> {
    if (stored.exists() && !(order > stored.newest)) return ConfigChange();
    ConfigDocument document = stored;
    document.generation += 1;
    document.newest = order;
    document.keys = {{"token", value, order}};
    return ConfigChange{document, {}};
  };
}

// A fixed shuffle of 0..count-1 that differs per writer.
int64_t Shuffled(int64_t index, int64_t writer, int64_t count) {
  return (index * 37 + writer * 11) % count;
}

void InParallel(int threads, const std::function<void(int)>& work) {
  std::vector<std::thread> running;
  running.reserve(static_cast<std::size_t>(threads));
  for (int i = 0; i < threads; ++i) running.emplace_back(work, i);
  for (std::thread& thread : running) thread.join();
}

constexpr int kWriters = 8;
constexpr int64_t kUpdates = 24;

// G25: whatever the interleaving, the highest order key is what stays.
void OfferAll(Store& store, int writer) {
  for (int64_t i = 0; i < kUpdates; ++i) {
    const int64_t time = Shuffled(i, writer, kUpdates);
    const OrderKey order{static_cast<double>(time) / 1024, writer, i};
    EXPECT_OK(store.UpdateConfig("id", KeepNewest(order, std::to_string(time))));
  }
}

TEST_P(StoreConformance, EightThreadsOnOneStoreEndAtTheNewest) {
  InParallel(kWriters, [&](int writer) { OfferAll(*store_, writer); });
  const ConfigDocument end = Get(store_->ReadConfig("id"));
  EXPECT_EQ(end.newest.effective_at_ms, static_cast<double>(kUpdates - 1) / 1024);
  EXPECT_EQ(end.newest.epoch, kWriters - 1);
  EXPECT_EQ(end.keys[0].value, std::to_string(kUpdates - 1));
}

TEST_P(StoreConformance, EightStoresEndAtTheNewest) {
  InParallel(kWriters, [&](int writer) {
    const std::unique_ptr<Store> own = world_->Open();
    OfferAll(*own, writer);
  });
  const ConfigDocument end = Get(store_->ReadConfig("id"));
  EXPECT_EQ(end.newest.effective_at_ms, static_cast<double>(kUpdates - 1) / 1024);
  EXPECT_EQ(end.newest.epoch, kWriters - 1);
}

TEST_P(StoreConformance, NoUpdateIsLostBetweenReadAndWrite) {
  const Store::Decide count = [](const ConfigDocument& stored) -> absl::StatusOr<ConfigChange> {
    ConfigDocument document = stored;
    document.generation += 1;
    return ConfigChange{document, {}};
  };
  InParallel(kWriters, [&](int) {
    const std::unique_ptr<Store> own = world_->Open();
    for (int64_t i = 0; i < kUpdates; ++i) EXPECT_OK(own->UpdateConfig("id", count));
  });
  EXPECT_EQ(Get(store_->ReadConfig("id")).generation, kWriters * kUpdates - 1);
}

TEST_P(StoreConformance, OneOfManyBeginnersGetsTheConnection) {
  std::vector<absl::StatusCode> codes(kWriters);
  std::vector<std::unique_ptr<Store>> stores(kWriters);
  InParallel(kWriters, [&](int writer) {
    const auto index = static_cast<std::size_t>(writer);
    stores[index] = world_->Open();
    codes[index] = CodeOf(stores[index]->BeginRun("a", std::to_string(writer), kNow, false));
  });
  int began = 0;
  for (const absl::StatusCode code : codes) {
    if (code == StatusCode::kOk) {
      ++began;
    } else {
      EXPECT_EQ(code, StatusCode::kAborted);
    }
  }
  EXPECT_EQ(began, 1);
}

TEST_P(StoreConformance, EpochsAreGivenOnce) {
  std::vector<int64_t> epochs(kWriters);
  InParallel(kWriters, [&](int writer) {
    const std::unique_ptr<Store> own = world_->Open();
    const std::string name = std::to_string(writer);
    epochs[static_cast<std::size_t>(writer)] = Get(own->BeginRun(name, name, kNow, false)).epoch;
  });
  std::sort(epochs.begin(), epochs.end());
  EXPECT_EQ(std::adjacent_find(epochs.begin(), epochs.end()), epochs.end());
}

TEST_P(StoreConformance, ReadersSeeWholeDocuments) {
  // G32: every key of a document carries its generation, so a mixture would show.
  const auto document_of = [](int64_t generation) {
    ConfigDocument document;
    document.generation = generation;
    document.keys.assign(20, {"k", std::to_string(generation), {}});
    return document;
  };
  EXPECT_OK(store_->UpdateConfig("id", Always({document_of(0), {}})));
  InParallel(4, [&](int number) {
    const std::unique_ptr<Store> own = world_->Open();
    for (int64_t i = 1; i <= 40; ++i) {
      if (number == 0) {
        EXPECT_OK(own->UpdateConfig("id", Always({document_of(i), {}})));
        continue;
      }
      const ConfigDocument seen = Get(own->ReadConfig("id"));
      EXPECT_EQ(seen, document_of(seen.generation));
    }
  });
}

TEST_P(StoreConformance, ReadersSeeWholeCheckpoints) {
  const RunHandle run = Begin("a", "r1");
  const auto writes_of = [](int number) {
    std::vector<CheckpointWrite> writes;
    for (const char* lane : {"x", "y", "z"}) {
      writes.push_back(StreamState(lane, std::to_string(number)));
    }
    return writes;
  };
  EXPECT_OK(store_->CommitCheckpoints(run, kNow, writes_of(0)));
  InParallel(4, [&](int number) {
    const std::unique_ptr<Store> own = world_->Open();
    for (int i = 1; i <= 40; ++i) {
      if (number == 0) {
        EXPECT_OK(store_->CommitCheckpoints(run, kNow, writes_of(i)));
        continue;
      }
      const std::vector<StoredState> states = Get(own->ReadCheckpoint("a"));
      ASSERT_EQ(states.size(), 3u);
      EXPECT_EQ(states[0].blob, states[1].blob);
      EXPECT_EQ(states[1].blob, states[2].blob);
    }
  });
}

TEST_P(StoreConformance, RunsOfManyConnectionsCommitSideBySide) {
  InParallel(kWriters, [&](int writer) {
    const std::unique_ptr<Store> own = world_->Open();
    const std::string name = std::to_string(writer);
    const RunHandle run = Get(own->BeginRun(name, name, kNow, false));
    for (int i = 0; i < 10; ++i) {
      EXPECT_OK(own->CommitCheckpoints(run, kNow, {StreamState("s", std::to_string(i))}));
    }
    EXPECT_OK(own->EndRun(run, kNow, "ok", "{}"));
  });
  for (int writer = 0; writer < kWriters; ++writer) {
    EXPECT_EQ(Checkpoint(std::to_string(writer)), std::vector<std::string>{"STREAM s 9"});
  }
}

}  // namespace
}  // namespace shunt
