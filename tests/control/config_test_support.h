// What the tests of the control lane share: stored configs, updates and specs in a few words.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "platform/check.h"
#include "protocol/spec.h"
#include "stages/config_register.h"

namespace shunt::testing_control {

inline const absl::Time kNow = absl::FromUnixMillis(1'700'000'000'000);

inline ConfigUpdate Update(double emitted_at, std::string_view config, int64_t seq = 1,
                           int64_t epoch = 1) {
  auto members = ReadConfigMembers(config);
  SHUNT_CHECK(members.ok());
  return {{emitted_at, epoch, seq}, *std::move(members)};
}

// As if `config` had been adopted from a file: generation 0, lowest order key.
inline ConfigDocument Stored(std::string_view config) {
  ConfigDocument document;
  document.generation = 0;
  for (ConfigMember& member : Update(0, config).members) {
    document.keys.push_back({member.key, member.value, OrderKey{}});
    document.file_fingerprints.emplace_back(member.key, "");
  }
  return document;
}

inline std::shared_ptr<const ConnectorSpec> Spec(std::string_view json) {
  auto spec = ConnectorSpec::Compile(json);
  SHUNT_CHECK(spec.ok());
  return *std::move(spec);
}

// Judges one update and applies it to `document`.
inline Judgement Apply(ConfigDocument* document, const ConfigUpdate& update,
                       ConfigMode mode = ConfigMode::kMerge, const ConnectorSpec* spec = nullptr) {
  const ConfigUpdate* const one[] = {&update};
  Judgement judgement = JudgeUpdates(*document, one, mode, spec, kNow);
  if (judgement.document) *document = *judgement.document;
  return judgement;
}

inline Verdict VerdictOf(const Judgement& judgement) {
  SHUNT_CHECK(!judgement.refused && judgement.verdicts.size() == 1);
  return judgement.verdicts[0].verdict;
}

}  // namespace shunt::testing_control
