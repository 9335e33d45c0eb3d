#include "stores/seal_head.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "platform/strings.h"
#include "secrets/fingerprint.h"
#include "stores/time_text.h"

namespace shunt {
namespace {

constexpr std::string_view kMark = "shunt head 1 ";
constexpr std::array<std::string_view, 3> kProgressNames = {"done", "from-plain", "from-format-1"};

void AppendSized(std::string_view part, std::string* out) {
  absl::StrAppend(out, part.size(), ":", A(part));
}

// The text up to `end`, which must be there; both are taken away.
std::optional<std::string_view> Take(std::string_view* text, char end) {
  const std::size_t at = text->find(end);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view part = text->substr(0, at);
  text->remove_prefix(at + 1);
  return part;
}

// "DIGEST SIZE:ID\n"
std::optional<std::pair<std::string, std::string>> TakeDocument(std::string_view* text) {
  const auto digest = Take(text, ' ');
  const auto size_text = Take(text, ':');
  std::size_t size = 0;
  if (!digest || !size_text || !absl::SimpleAtoi(A(*size_text), &size) || size >= text->size() ||
      (*text)[size] != '\n') {
    return std::nullopt;
  }
  std::pair<std::string, std::string> document(text->substr(0, size), *digest);
  text->remove_prefix(size + 1);
  return document;
}

}  // namespace

std::string SealHead::ToText() const {
  std::string text = absl::StrCat(A(kMark), A(kProgressNames[static_cast<std::size_t>(progress)]),
                                  " ", revision, "\n");
  for (const auto& [id, digest] : documents) {
    absl::StrAppend(&text, digest, " ");
    AppendSized(id, &text);
    text += '\n';
  }
  return text;
}

std::optional<SealHead> SealHead::Parse(std::string_view text) {
  if (!text.starts_with(kMark)) return std::nullopt;
  text.remove_prefix(kMark.size());
  SealHead head;
  const auto name = Take(&text, ' ');
  const auto revision = Take(&text, '\n');
  if (!name || !revision || !absl::SimpleAtoi(A(*revision), &head.revision)) return std::nullopt;
  const auto known = std::find(kProgressNames.begin(), kProgressNames.end(), *name);
  if (known == kProgressNames.end()) return std::nullopt;
  head.progress = static_cast<Progress>(known - kProgressNames.begin());
  while (!text.empty()) {
    auto document = TakeDocument(&text);
    if (!document) return std::nullopt;
    head.documents.insert(*std::move(document));
  }
  return head;
}

SealContext HeadContext(std::string_view store_id) { return {"head", store_id}; }

std::string DigestOf(std::string_view config_id, const ConfigDocument& document) {
  std::string bytes;
  const auto add = [&](std::string_view part) { AppendSized(part, &bytes); };
  add(config_id);
  add(absl::StrCat(document.generation));
  add(ExactText(document.floor));
  add(ExactText(document.newest));
  add(document.file_salt);
  add(TimeText(document.updated_at));
  add(absl::StrCat(document.keys.size()));
  for (const ConfigKey& key : document.keys) {
    add(key.key);
    add(ExactText(key.order));
    add(key.value ? "value" : "removed");
    if (key.value) add(*key.value);
  }
  for (const auto& [key, fingerprint] : document.file_fingerprints) {
    add(key);
    add(fingerprint);
  }
  const Sha256Digest digest = Sha256(bytes);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

std::string ExactText(const OrderKey& order) {
  const double at = order.effective_at_ms == 0 ? 0.0 : order.effective_at_ms;
  return absl::StrCat(absl::Hex(std::bit_cast<uint64_t>(at)), "/", order.epoch, "/", order.seq);
}

}  // namespace shunt
