// G22: the stored config is a function of the set of updates. Random sets, every permutation of
// small ones, duplications, partitions over workers; merge, replace, and both mixed.
#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "stages/config_register.h"
#include "tests/control/config_test_support.h"

namespace shunt {
namespace {

using namespace testing_control;  // NOLINT(google-build-using-namespace)

struct ModalUpdate {
  ConfigUpdate update;
  ConfigMode mode = ConfigMode::kMerge;
};

enum class Modes { kMerge, kReplace, kMixed };

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  int64_t Below(int64_t bound) {
    return std::uniform_int_distribution<int64_t>(0, bound - 1)(random_);
  }

  // Few keys, few times, two workers: collisions and exact ties are the rule.
  std::vector<ModalUpdate> Updates(int64_t count, Modes modes) {
    std::vector<ModalUpdate> updates;
    for (int64_t i = 0; i < count; ++i) {
      std::string config = "{";
      for (const char* key : {"a", "b", "c", "d"}) {
        if (Below(2) == 0) continue;
        config += std::string(config.size() > 1 ? "," : "") + "\"" + key +
                  "\":" + std::to_string(Below(4));
      }
      const double at = static_cast<double>(Below(4)) + (Below(2) == 0 ? 0.0 : 0.0001);
      const bool replace = modes == Modes::kReplace || (modes == Modes::kMixed && Below(3) == 0);
      // (epoch, seq) is unique, as it is for lines.
      updates.push_back({Update(at, config + "}", /*seq=*/i + 1, /*epoch=*/1 + Below(2)),
                         replace ? ConfigMode::kReplace : ConfigMode::kMerge});
    }
    return updates;
  }

  std::mt19937_64& random() { return random_; }

 private:
  std::mt19937_64 random_;
};

// Without what tells the history: how many changes there were, and when the last one was.
ConfigDocument Settle(const std::vector<ModalUpdate>& updates,
                      const std::vector<std::size_t>& order) {
  ConfigDocument config = Stored(R"({"b":0,"a":0,"z":0})");
  int64_t generation = 0;
  for (const std::size_t i : order) {
    const OrderKey newest = config.newest;
    Apply(&config, updates[i].update, updates[i].mode);
    EXPECT_GE(config.generation, generation);
    EXPECT_FALSE(config.newest < newest) << "G25: the order key never decreases";
    generation = config.generation;
  }
  config.generation = 0;
  config.updated_at = absl::UnixEpoch();
  return config;
}

std::vector<std::size_t> InOrder(std::size_t count) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

class ConfigRegisterProperty : public ::testing::TestWithParam<Modes> {};

TEST_P(ConfigRegisterProperty, G22_EveryPermutationEndsTheSame) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Generator generator(seed);
    const std::vector<ModalUpdate> updates = generator.Updates(2 + generator.Below(4), GetParam());
    std::vector<std::size_t> order = InOrder(updates.size());
    const ConfigDocument expected = Settle(updates, order);
    while (std::next_permutation(order.begin(), order.end())) {
      ASSERT_EQ(Settle(updates, order), expected);
    }
  }
}

TEST_P(ConfigRegisterProperty, G22_ShufflesAndRepetitionsOfLongSetsEndTheSame) {
  for (uint64_t seed = 1000; seed <= 1060; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Generator generator(seed);
    const std::vector<ModalUpdate> updates = generator.Updates(25, GetParam());
    const ConfigDocument expected = Settle(updates, InOrder(updates.size()));
    for (int round = 0; round < 10; ++round) {
      std::vector<std::size_t> order = InOrder(updates.size());
      for (int extra = 0; extra < 10; ++extra) {
        order.push_back(static_cast<std::size_t>(generator.Below(25)));
      }
      std::shuffle(order.begin(), order.end(), generator.random());
      ASSERT_EQ(Settle(updates, order), expected);
    }
  }
}

// Two workers, each in its own order, interleaved in every possible way by chance.
TEST_P(ConfigRegisterProperty, G22_InterleavingsOfTwoWorkersEndTheSame) {
  for (uint64_t seed = 2000; seed <= 2040; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Generator generator(seed);
    const std::vector<ModalUpdate> updates = generator.Updates(12, GetParam());
    std::vector<std::size_t> first, second;
    for (std::size_t i = 0; i < updates.size(); ++i) {
      (updates[i].update.order.epoch == 1 ? first : second).push_back(i);
    }
    const ConfigDocument expected = Settle(updates, InOrder(updates.size()));
    for (int round = 0; round < 20; ++round) {
      std::vector<std::size_t> order;
      std::size_t a = 0, b = 0;
      while (a < first.size() || b < second.size()) {
        const bool take_first = b == second.size() || (a < first.size() && generator.Below(2) == 0);
        order.push_back(take_first ? first[a++] : second[b++]);
      }
      ASSERT_EQ(Settle(updates, order), expected);
    }
  }
}

// The model: of every key the newest write at or above the newest replace.
TEST_P(ConfigRegisterProperty, G22_AgreesWithTheModel) {
  for (uint64_t seed = 3000; seed <= 3200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Generator generator(seed);
    const std::vector<ModalUpdate> updates = generator.Updates(1 + generator.Below(10), GetParam());
    OrderKey floor;
    for (const ModalUpdate& update : updates) {
      if (update.mode == ConfigMode::kReplace && floor < update.update.order) {
        floor = update.update.order;
      }
    }
    std::string expected = "{";
    for (const char* key : {"b", "a", "z", "c", "d"}) {  // the file's order, then by name
      std::string value =
          floor == OrderKey{} && std::string_view("baz").find(*key) != std::string_view::npos ? "0"
                                                                                              : "";
      OrderKey newest;
      for (const ModalUpdate& update : updates) {
        if (update.update.order < floor || update.update.order < newest) continue;
        for (const ConfigMember& member : update.update.members) {
          if (member.key != key) continue;
          value = member.value;
          newest = update.update.order;
        }
      }
      if (value.empty()) continue;
      expected += std::string(expected.size() > 1 ? "," : "") + "\"" + key + "\":" + value;
    }
    EXPECT_EQ(Settle(updates, InOrder(updates.size())).ToJson(), expected + "}");
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, ConfigRegisterProperty,
                         ::testing::Values(Modes::kMerge, Modes::kReplace, Modes::kMixed),
                         [](const auto& modes) {
                           return std::string(modes.param == Modes::kMerge     ? "Merge"
                                              : modes.param == Modes::kReplace ? "Replace"
                                                                               : "Mixed");
                         });

TEST(ConfigRegister, Issue2_EmittedAt312EndsAt3InEveryOrderAndFromTwoProcesses) {
  for (const int64_t second_epoch : {int64_t{1}, int64_t{2}}) {
    std::vector<int> times = {1, 2, 3};
    do {
      ConfigDocument config = Stored(R"({"token":"t0"})");
      for (std::size_t i = 0; i < times.size(); ++i) {
        const int64_t epoch = i == 1 ? second_epoch : 1;
        Apply(&config, Update(times[i], R"({"token":"t)" + std::to_string(times[i]) + R"("})",
                              static_cast<int64_t>(i) + 1, epoch));
      }
      EXPECT_EQ(config.ToJson(), R"({"token":"t3"})");
    } while (std::next_permutation(times.begin(), times.end()));
  }
}

TEST(ConfigRegister, F57_AHundredUpdatesWithinAMillisecondEndAtTheLatestFraction) {
  std::vector<int> parts(100);
  std::iota(parts.begin(), parts.end(), 0);
  std::mt19937_64 random(57);
  for (int round = 0; round < 20; ++round) {
    std::shuffle(parts.begin(), parts.end(), random);
    ConfigDocument config = Stored(R"({"n":-1})");
    int64_t seq = 0;
    for (const int part : parts) {
      Apply(&config,
            Update(1732300000123.0 + part / 200.0, "{\"n\":" + std::to_string(part) + "}", ++seq));
    }
    ASSERT_EQ(config.ToJson(), R"({"n":99})") << "seed 57, round " << round;
  }
}

}  // namespace
}  // namespace shunt
