// RecordLine: where the parts of one RECORD line lie that a transform changes.
//
// The line was validated before, so a part that is missing or stands twice means that it was not
// (`--validate envelope` skips the grammar inside data): Read then says no. Views live as long as
// the line. Threads: plain value. Source: airbyte_protocol.yaml, AirbyteRecordMessage.
#pragma once

#include <optional>
#include <string_view>

#include "protocol/message.h"
#include "transforms/line_edit.h"

namespace shunt {

struct RecordLine {
  MemberSpan stream, data;
  std::optional<MemberSpan> name_space, meta;

  // `line`: one RECORD message; a trailing LF, CR or blank is fine.
  bool Read(std::string_view line);

  // Unescaped. False for what cannot be a name (a lone surrogate).
  bool ReadStream(StreamDescriptor* out) const;
};

}  // namespace shunt
