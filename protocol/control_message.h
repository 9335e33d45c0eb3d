// What a message says about its connector's config. The protocol has one spelling of an update:
//
//   {"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":T,
//                                "connectorConfig":{"config":{..}}}}
//
// Connectors that were written by its examples or by other versions of it have others, and a token
// that is passed over is lost. So a message is an update whatever its types are, when exactly one
// `connectorConfig` stands on its two outer levels, and that is an object with exactly one
// `config`, an object. `emitted_at` is looked for beside `connectorConfig`, then in it, then at the
// top; null is none. A type that belongs to other messages (RECORD, STATE, LOG, TRACE, CATALOG,
// SPEC, CONNECTION_STATUS, DESTINATION_CATALOG) makes no update of it: it says two things at once.
//
// Every other message that names a connector config is told from those that do not, so that it can
// be kept and shown. What counts as naming one: anywhere in the line, whatever the case, with `_`
// or `-` in it, with letters as \u00XX. In a message of one of the other types its own payload does
// not count (a record, a log line or a catalog may speak of anything), but for a LOG that quotes a
// whole update.
//
// Pure functions; thread-safe. Views live as long as the line. Bounds: linear in the line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/json_cursor.h"

namespace shunt {

struct ControlMessage {
  enum class Kind : uint8_t {
    kOther,    // a message that names no connector config
    kUnknown,  // a CONTROL, but it names none
    kUpdate,
    kBroken,  // CONNECTOR_CONFIG is its type, but it is no update
    kNamed,   // names a connector config in some other way
  };
  Kind kind = Kind::kOther;
  std::optional<double> emitted_at_ms;  // finite JSON numbers only; -0 is 0
  std::string emitted_at_text;      // for the journal: the raw text of a number or word, at most
                                    // 64 bytes; "string", "array" or "object" for those (they
                                    // could hold anything); "" if absent
  std::optional<JsonSlice> config;  // of a kUpdate: the object
  std::string spelling;             // how a kUpdate differs from the protocol's; "": it does not
};

// `line` is one message, or what is left of one that was cut.
ControlMessage ReadControlMessage(std::string_view line);

// Whether `line`, a message that is no CONTROL, is anything but kOther.
bool SpeaksOfConfig(std::string_view line);
// `head` is what is left of a message that was cut: false when it is of a type that is never an
// update, whatever stands behind the cut.
bool CutMayBeUpdate(std::string_view head);
// False at once for nearly all lines for which that is false: for messages that come in floods.
bool MaySpeakOfConfig(std::string_view line);

// Whether a line that is no message names a connector config: it holds CONNECTOR_CONFIG or
// connectorConfig, or another usual spelling of them in quotes; with letters as \u00XX, too.
bool MentionsConfig(std::string_view text);
// The spellings, for lines in parts.
const std::vector<std::string>& ConfigMentions();

}  // namespace shunt
