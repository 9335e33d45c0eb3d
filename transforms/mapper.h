// Mapper: one mapper of a stream, compiled. Behind transforms/stream_mappers.h.
//
// Immutable after Compile, so thread-safe. Errors: InvalidArgument with the place in the
// configuration; Unavailable when OpenSSL is missing.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "platform/entropy.h"
#include "protocol/json_cursor.h"
#include "transforms/row_fields.h"
#include "transforms/stream_schema.h"

namespace shunt {

class Mapper {
 public:
  virtual ~Mapper() = default;

  // False: the row is filtered out.
  virtual bool Apply(RowFields& row) const = 0;

  // The fields that it asks for in a row.
  virtual std::vector<std::string> fields() const = 0;
  virtual bool filters_rows() const { return false; }

  // The field that goes in and the one that comes out.
  struct Growth {
    std::string from, to;
    std::size_t factor = 1;  // a value of n bytes becomes at most factor * n + extra
    std::size_t extra = 0;
    std::size_t change = 0;  // bytes of an entry of meta.changes
  };
  // Empty for a mapper that makes no value.
  virtual std::optional<Growth> growth() const { return std::nullopt; }
};

// One element of `mappers`; `place` is "mappers[0]". Changes the schema as the mapper changes the
// rows, and adds what is to be masked to `secrets`.
absl::StatusOr<std::unique_ptr<Mapper>> CompileMapper(JsonSlice element, const std::string& place,
                                                      Entropy& entropy, StreamSchema* schema,
                                                      std::vector<std::string>* secrets);

}  // namespace shunt
