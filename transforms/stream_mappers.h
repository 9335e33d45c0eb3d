// StreamMappers: what is done to the fields of one stream's records: those that its schema does not
// list are cut (field selection), then its mappers are applied, one after the other.
//
// A mapper stands in the stream's element of the configured catalog, as the platform writes it or
// as its public API does (`type` and `mapperConfiguration`); only top-level fields can be mapped:
//
//   "mappers":[{"name":"hashing","config":{"targetField":"email","method":"SHA-256",
//                                          "fieldNameSuffix":"_hashed"}},
//              {"name":"encryption","config":{"targetField":"phone","algorithm":"AES","mode":"CBC",
//                                             "padding":"PKCS5Padding","key":"00112233..."}},
//              {"name":"encryption","config":{"targetField":"ssn","algorithm":"RSA",
//                                             "publicKey":"3082...","fieldNameSuffix":"_rsa"}},
//              {"name":"field-renaming","config":{"originalFieldName":"a","newFieldName":"b"}},
//              {"name":"field-filtering","config":{"targetField":"notes"}},
//              {"name":"row-filtering","config":{"conditions":{"type":"EQUAL",
//                  "fieldName":"status","comparisonValue":"active"}}}]
//
// Nothing fails open: a configuration that is not understood whole is refused when it is compiled,
// and a value that cannot be mapped is removed and noted (NULLED, PLATFORM_SERIALIZATION_ERROR).
// Results are the platform's; where they are not, and why: ADR 12.
//
// Immutable after Compile, so thread-safe; movable. Bounds: kMappersMax mappers; growth_max() says
// how much longer a record can become. Errors: InvalidArgument, "stream public.users:
// mappers[2].config.key:
// ...", with names of keys and fields and never a value; Unavailable when OpenSSL is needed and
// missing.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "platform/entropy.h"
#include "protocol/json_cursor.h"
#include "transforms/row.h"

namespace shunt {

inline constexpr std::size_t kMappersMax = 1000;

// A mapped record, without its envelope, has at most factor times the bytes it had, and `bytes`
// more; its entries in meta.changes are counted in `bytes`.
struct RecordGrowth {
  std::size_t factor = 1;
  std::size_t bytes = 0;
};

class StreamMappers {
 public:
  // `configured_stream`: an element of the catalog's `streams`. `entropy`, for IVs, outlives this.
  static absl::StatusOr<StreamMappers> Compile(JsonSlice configured_stream, bool select_fields,
                                               Entropy& entropy = SystemEntropy());

  // Those of a stream to which nothing is done; it takes no memory of its own.
  static StreamMappers None();

  StreamMappers(StreamMappers&&) noexcept;
  StreamMappers& operator=(StreamMappers&&) noexcept;
  ~StreamMappers();

  // Nothing to do: Apply changes nothing.
  bool empty() const;
  bool filters_rows() const;

  // False: the row is filtered out, and what the row holds now is of no use.
  bool Apply(Row* row) const;

  // The element of the configured catalog as the destination gets it: json_schema, cursor_field and
  // primary_key follow the mappers, `mappers` is gone, everything else is as it was, byte for byte.
  const std::string& ConfiguredStreamJson() const;
  // It is only needed for the destination's catalog: this gives its memory back.
  void ForgetConfiguredStreamJson();

  // The keys that stand in the configuration, to be masked.
  const std::vector<std::string>& secrets() const;

  // What is worth a warning: "stream public.users: primary_key loses the field ...".
  const std::vector<std::string>& notes() const;

  RecordGrowth growth_max() const;

  // What this takes, roughly: there may be thousands of streams.
  std::size_t memory_bytes() const;

 private:
  struct Impl;
  explicit StreamMappers(std::unique_ptr<Impl> impl);
  const Impl& impl() const;
  std::unique_ptr<Impl> impl_;  // null: None()
};

}  // namespace shunt
