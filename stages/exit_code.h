// ExitCode: how a run ended (contract section 2). A signal n is 128 + n and has no name of its own
// here.
#pragma once

namespace shunt {

enum class ExitCode : int {
  kOk = 0,
  kInternalError = 1,
  kUsage = 2,
  kSourceFailed = 3,
  kDestinationFailed = 4,
  kStoreFailed = 5,
  kConfigRejected = 6,
  kTimeout = 7,
  kDataLoss = 8,
  kIncompleteAcks = 9,
  kFenced = 10,
};

}  // namespace shunt
