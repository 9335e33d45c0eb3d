// NameMapping: the namespace and the prefix that a connection gives to the source's streams
// (Airbyte: namespaceDefinition, namespaceFormat, prefix).
//
//   namespace   kSource       as the source says
//               kDestination  none: the destination takes its default
//               kCustom       `format`, in which ${SOURCE_NAMESPACE} stands for the source's
//               namespace
//                             ("" when it has none); a blank result is none
//   name        `prefix` in front, unless it is blank
//
// None is not "": with kSource an absent namespace stays absent, and "" stays "".
// Plain values; Map is pure. Threads: const. Errors: none; a stream that maps to another's name is
// found by MappedNames.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "protocol/catalog.h"
#include "protocol/message.h"

namespace shunt {

enum class NamespaceDefinition : uint8_t { kSource, kDestination, kCustom };

struct NameMapping {
  NamespaceDefinition definition = NamespaceDefinition::kSource;
  std::string format = {};
  std::string prefix = {};

  // Whether every name stays as it is.
  bool identity() const;
  bool keeps_namespaces() const { return definition == NamespaceDefinition::kSource; }
  StreamDescriptor Map(const StreamDescriptor& stream) const;
  bool operator==(const NameMapping&) const = default;
};

// The way back: which stream of the source a mapped name stands for. It grows by the streams that
// states name (the catalog's first). Threads: one at a time.
class MappedNames {
 public:
  // At most this many streams; what comes later is not mapped back.
  static constexpr std::size_t kStreamsMax = 1'000'000;

  explicit MappedNames(const NameMapping& mapping) : mapping_(mapping) {}

  // InvalidArgument when another stream has the same mapped name already, ResourceExhausted when
  // there are too many.
  absl::Status Add(const StreamDescriptor& stream);
  // InvalidArgument naming the two streams of the catalog that would become one.
  absl::Status AddAll(const ConfiguredCatalog& catalog);
  // What was not added stays as it is, as the best-known worker does.
  StreamDescriptor Original(const StreamDescriptor& mapped) const;

 private:
  const NameMapping mapping_;
  std::map<StreamDescriptor, StreamDescriptor> originals_;
};

// "namespace.name" or "name", for messages.
std::string ShownStream(const StreamDescriptor& stream);

}  // namespace shunt
