#include "cli/reset/catalog.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "platform/nearest.h"
#include "platform/strings.h"
#include "protocol/catalog.h"
#include "protocol/json_cursor.h"

namespace shunt {
namespace {

std::string FullName(const StreamDescriptor& stream) {
  return stream.name_space ? absl::StrCat(*stream.name_space, ".", stream.name) : stream.name;
}

// The index of the stream that is meant.
absl::StatusOr<std::size_t> Find(const ConfiguredCatalog& catalog, const std::string& name) {
  std::vector<std::size_t> full, bare;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < catalog.streams.size(); ++i) {
    const StreamDescriptor& stream = catalog.streams[i].stream;
    names.push_back(FullName(stream));
    if (names.back() == name) full.push_back(i);
    if (stream.name == name) bare.push_back(i);
  }
  const std::vector<std::size_t>& found = full.empty() ? bare : full;
  if (found.size() == 1) return found.front();
  if (found.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("more than one stream is called '", name, "': say NAMESPACE.NAME"));
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  return absl::InvalidArgumentError(
      absl::StrCat("the catalog has no stream '", name, "'", DidYouMean(name, views)));
}

// One entry of the catalog, as a reset wants it.
std::string ResetEntry(JsonSlice entry, bool* has_generation) {
  std::string text = R"({"sync_mode":"full_refresh","destination_sync_mode":"overwrite")";
  std::optional<int64_t> generation;
  const std::optional<std::vector<JsonMember>> members = JsonMembers(entry);
  for (const JsonMember& member : *members) {
    const auto is = [&member](std::string_view key) { return JsonKeyIs(member.raw_key, key); };
    if (is("generation_id")) generation = JsonInt64(member.value);
    if (is("sync_mode") || is("destination_sync_mode") || is("generation_id") ||
        is("minimum_generation_id")) {
      continue;
    }
    absl::StrAppend(&text, ",\"", A(member.raw_key), "\":", A(member.value.text));
  }
  if (generation && *generation < INT64_MAX) {
    *has_generation = true;
    absl::StrAppend(&text, ",\"generation_id\":", *generation + 1,
                    ",\"minimum_generation_id\":", *generation + 1);
  }
  return text + "}";
}

}  // namespace

absl::StatusOr<ResetCatalog> MakeResetCatalog(std::string_view catalog_json,
                                              const std::vector<std::string>& names) {
  const absl::StatusOr<ConfiguredCatalog> catalog = ParseConfiguredCatalog(catalog_json);
  if (!catalog.ok()) return catalog.status();
  std::set<std::size_t> chosen;
  for (const std::string& name : names) {
    const absl::StatusOr<std::size_t> stream = Find(*catalog, name);
    if (!stream.ok()) return stream.status();
    chosen.insert(*stream);
  }
  const std::optional<JsonSlice> object = ParseJson(catalog_json);
  const auto entries = JsonElements(*JsonFind(*object, "streams"));  // they were parsed above
  ResetCatalog reset;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < entries->size(); ++i) {
    if (!names.empty() && !chosen.contains(i)) continue;
    texts.push_back(ResetEntry((*entries)[i], &reset.has_generations));
    reset.streams.push_back(catalog->streams[i].stream);
  }
  reset.json = absl::StrCat("{\"streams\":[\n", absl::StrJoin(texts, ",\n"), "\n]}\n");
  reset.all = texts.size() == entries->size();
  return reset;
}

}  // namespace shunt
