#include "stages/unknown_streams.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "platform/nearest.h"
#include "platform/strings.h"
#include "transforms/name_mapping.h"

namespace shunt {
namespace {

constexpr std::size_t kNamedMax = 5;
constexpr std::size_t kShownBytesMax = 200;
constexpr std::size_t kSearchedBytesMax = 128;  // nobody misspells a longer name

std::string Shown(const StreamDescriptor& stream) {
  std::string name = ShownStream(stream);
  if (name.size() <= kShownBytesMax) return name;
  name.resize(kShownBytesMax);
  return name + "...";
}

// The same stream, but for its namespace, capital letters, or a namespace written into the name.
bool IsNearly(const StreamDescriptor& meant, const StreamDescriptor& stream) {
  if (absl::EqualsIgnoreCase(A(meant.name), A(stream.name))) return true;
  const std::size_t space = meant.name_space ? meant.name_space->size() + 1 : 0;
  return space > 0 && stream.name.size() == space + meant.name.size() &&
         absl::EqualsIgnoreCase(ShownStream(meant), stream.name);
}

std::string Plural(uint64_t count, absl::string_view word) {
  return absl::StrCat(count, " ", word, count == 1 ? "" : "s");
}

}  // namespace

std::string UnknownStreams::Add(const StreamDescriptor& stream, const Counts& counts) {
  const auto add = [&counts](Counts* to) {
    to->records += counts.records;
    to->states += counts.states;
  };
  add(&total_);
  const auto known = streams_.find(stream);
  if (known != streams_.end()) {
    add(&known->second);
    return "";
  }
  const std::size_t bytes =
      stream.name.size() + (stream.name_space ? stream.name_space->size() : 0);
  if (streams_.size() == kStreamsMax || bytes > kNameBytesMax - name_bytes_) {
    add(&others_);
    if (others_warned_) return "";
    others_warned_ = true;
    return "further streams that are not in the catalog are counted together";
  }
  name_bytes_ += bytes;
  add(&streams_[stream]);
  const std::string name = absl::StrCat(Shown(stream), DidYouMeanStream(stream));
  if (named_count_++ < kNamedMax) absl::StrAppend(&named_, named_.empty() ? "" : ", ", name);
  return absl::StrCat("stream ", Shown(stream), " is not in the catalog",
                      name.substr(Shown(stream).size()), "; its records and states are dropped");
}

std::string UnknownStreams::DidYouMeanStream(const StreamDescriptor& stream) {
  if (stream.name.empty() || stream.name.size() > kSearchedBytesMax) return "";
  const ConfiguredStream* meant = nullptr;
  for (const ConfiguredStream& known : catalog_.streams) {
    if (++search_steps_ > kSearchStepsMax) return "";
    if (!IsNearly(known.stream, stream)) continue;
    meant = &known;
    break;
  }
  if (meant == nullptr) {
    std::size_t fewest = EditsOfASlip(stream.name) + 1;
    for (const ConfiguredStream& known : catalog_.streams) {
      const std::size_t size = known.stream.name.size();
      const std::size_t apart =
          size > stream.name.size() ? size - stream.name.size() : stream.name.size() - size;
      search_steps_ += 1 + (apart < fewest ? size * stream.name.size() : 0);
      if (search_steps_ > kSearchStepsMax) return "";
      if (apart >= fewest) continue;
      const std::size_t edits = Edits(stream.name, known.stream.name);
      if (edits >= fewest) continue;
      fewest = edits;
      meant = &known;
    }
  }
  return meant == nullptr ? "" : absl::StrCat(" (did you mean ", Shown(meant->stream), "?)");
}

std::string UnknownStreams::Summary() const {
  if (total_.records == 0 && total_.states == 0) return "";
  std::string text = Plural(total_.records, "record");
  if (total_.states > 0) absl::StrAppend(&text, " and ", Plural(total_.states, "state"));
  absl::StrAppend(&text, " of streams that the catalog lacks were dropped: ", named_);
  if (named_count_ > kNamedMax) absl::StrAppend(&text, " and ", named_count_ - kNamedMax, " more");
  if (others_.records + others_.states > 0) text += ", and others";
  return text;
}

}  // namespace shunt
