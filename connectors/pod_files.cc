#include "connectors/pod_files.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "platform/strings.h"
#include "protocol/canonical_json.h"
#include "protocol/json_cursor.h"
#include "protocol/state.h"

namespace shunt {
namespace {

constexpr std::size_t kConfigBytesMax = std::size_t{16} << 20;
constexpr std::size_t kStateBytesMax = std::size_t{256} << 20;
constexpr unsigned kMemoryMode = 0600;
// The connector's container may have another user. The directory is what keeps others out.
constexpr unsigned kStateMode = 0644;

std::string DigestText(std::string_view json) {
  const std::optional<JsonDigest> digest = CanonicalDigest(json);
  return digest ? absl::StrFormat("%016x%016x", digest->high, digest->low) : "";
}

std::string TextOf(const std::optional<JsonSlice>& slice) {
  return slice ? JsonString(*slice).value_or("") : "";
}

// In one spelling, whatever form it was given in.
std::string StatesOf(std::string_view text) {
  const absl::StatusOr<std::vector<StoredState>> states = ParseStateFile(text);
  return states.ok() && !states->empty() ? FormatStateArray(*states) : "";
}

}  // namespace

PodFiles::PodFiles(const SharedDirectory& directory) : directory_(directory) {
  const std::string memory = Current(kPodMemory, 2 * kConfigBytesMax);
  const std::optional<JsonSlice> json = ParseJson(memory);
  if (!json || !json->is_object()) return;
  config_written_ = TextOf(JsonFind(*json, "config_written"));
  state_written_ = TextOf(JsonFind(*json, "state_written"));
  const std::optional<JsonSlice> given = JsonFind(*json, "config_given");
  if (given && given->is_object()) config_given_ = std::string(given->text);
}

std::string PodFiles::Current(std::string_view name, std::size_t bytes_max) const {
  return directory_.Read(name, bytes_max).value_or("");
}

std::string PodFiles::GivenConfig(const std::string& config) const {
  const bool ours = !config_written_.empty() && DigestText(config) == config_written_;
  return ours && !config_given_.empty() ? config_given_ : config;
}

bool PodFiles::HasGivenState() const {
  if (!directory_.Has(kPodState)) return false;
  const std::string states = StatesOf(Current(kPodState, kStateBytesMax));
  return state_written_.empty() || states.empty() || DigestText(states) != state_written_;
}

absl::StatusOr<bool> PodFiles::WriteConfig(std::string_view config) {
  const std::string current = Current(kPodConfig, kConfigBytesMax);
  const std::string digest = DigestText(config);
  if (config.empty() || DigestText(current) == digest) return false;
  config_given_ = GivenConfig(current);
  config_written_ = digest;
  // First: a run that dies in between leaves the file that was given, which is no digest of ours.
  if (absl::Status status = Remember(); !status.ok()) return status;
  constexpr unsigned kConfigMode = 0600;  // never used: there is a file, or we would not be here
  if (absl::Status status = directory_.Replace(kPodConfig, config, kConfigMode); !status.ok()) {
    return status;
  }
  return true;
}

absl::StatusOr<bool> PodFiles::WriteState(std::string_view states) {
  if (states.empty()) {
    if (!directory_.Has(kPodState) || HasGivenState()) return false;
    if (absl::Status status = directory_.Remove(kPodState); !status.ok()) return status;
    return true;
  }
  if (StatesOf(Current(kPodState, kStateBytesMax)) == states) return false;
  state_written_ = DigestText(states);
  if (absl::Status status = Remember(); !status.ok()) return status;
  if (absl::Status status = directory_.Replace(kPodState, states, kStateMode); !status.ok()) {
    return status;
  }
  return true;
}

absl::Status PodFiles::Remember() {
  return directory_.Replace(
      kPodMemory,
      absl::StrCat("{\"config_written\":", JsonQuote(config_written_),
                   ",\"config_given\":", config_given_.empty() ? "null" : config_given_,
                   ",\"state_written\":", JsonQuote(state_written_), "}\n"),
      kMemoryMode);
}

}  // namespace shunt
