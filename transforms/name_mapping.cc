#include "transforms/name_mapping.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace shunt {
namespace {

constexpr std::string_view kSourceNamespace = "${SOURCE_NAMESPACE}";

// As Java's String.isBlank for what a configuration holds.
bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos;
}

std::string ReplaceAll(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

}  // namespace

bool NameMapping::identity() const { return keeps_namespaces() && IsBlank(prefix); }

StreamDescriptor NameMapping::Map(const StreamDescriptor& stream) const {
  StreamDescriptor mapped = stream;
  if (!IsBlank(prefix)) mapped.name = prefix + stream.name;
  switch (definition) {
    case NamespaceDefinition::kSource:
      break;
    case NamespaceDefinition::kDestination:
      mapped.name_space.reset();
      break;
    case NamespaceDefinition::kCustom: {
      std::string_view source;
      if (stream.name_space && !IsBlank(*stream.name_space)) source = *stream.name_space;
      std::string name_space = ReplaceAll(format, kSourceNamespace, source);
      mapped.name_space.reset();
      if (!IsBlank(name_space)) mapped.name_space = std::move(name_space);
      break;
    }
  }
  return mapped;
}

absl::Status MappedNames::Add(const StreamDescriptor& stream) {
  if (originals_.size() >= kStreamsMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("more than ", kStreamsMax, " streams have states"));
  }
  const auto [entry, is_new] = originals_.try_emplace(mapping_.Map(stream), stream);
  if (is_new || entry->second == stream) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the streams ", ShownStream(entry->second), " and ", ShownStream(stream),
                   " would both be called ", ShownStream(entry->first), " at the destination"));
}

absl::Status MappedNames::AddAll(const ConfiguredCatalog& catalog) {
  for (const ConfiguredStream& stream : catalog.streams) {
    if (absl::Status status = Add(stream.stream); !status.ok()) return status;
  }
  return absl::OkStatus();
}

StreamDescriptor MappedNames::Original(const StreamDescriptor& mapped) const {
  const auto known = originals_.find(mapped);
  return known == originals_.end() ? mapped : known->second;
}

std::string ShownStream(const StreamDescriptor& stream) {
  return stream.name_space ? absl::StrCat(*stream.name_space, ".", stream.name) : stream.name;
}

}  // namespace shunt
