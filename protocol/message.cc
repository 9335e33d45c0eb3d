#include "protocol/message.h"

namespace shunt {

std::string_view OriginName(Origin origin) {
  switch (origin) {
    case Origin::kSource:
      return "source";
    case Origin::kDestination:
      return "destination";
    case Origin::kShunt:
      return "shunt";
  }
  return "";
}

std::string_view LineKindName(LineKind kind) {
  switch (kind) {
    case LineKind::kRecord:
      return "record";
    case LineKind::kState:
      return "state";
    case LineKind::kControl:
      return "control";
    case LineKind::kLog:
      return "log";
    case LineKind::kTrace:
      return "trace";
    case LineKind::kOther:
      return "other";
    case LineKind::kText:
      return "text";
    case LineKind::kMalformed:
      return "malformed";
    case LineKind::kEmpty:
      return "empty";
  }
  return "";
}

}  // namespace shunt
