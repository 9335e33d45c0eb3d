// SecretGate: makes the masker know the secrets of a config update before any later byte of the
// same connector can reach a log (G55). Used where CONTROL lines are copied out of the stream.
// Threads: Masker is thread-safe; the spec is immutable. Both outlive the gate.
#pragma once

#include <string_view>

#include "secrets/masker.h"
#include "stages/control_reader.h"

namespace shunt {

struct SecretGate {
  Masker* masker = nullptr;
  const ConnectorSpec* spec = nullptr;  // may be null
  Origin connector = Origin::kSource;   // whose config it is

  void Learn(std::string_view control_line) const {
    masker->AddRotated(connector, SecretsOfControl(control_line, spec));
  }
};

}  // namespace shunt
