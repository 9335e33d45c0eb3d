#pragma once
#include <string>
#include "absl/status/statusor.h"
absl::StatusOr<std::string> Hello(int n);
int Race();
