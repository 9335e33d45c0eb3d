#include "secrets/masker.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "protocol/spec.h"
#include "secrets/credential_shapes.h"
#include "secrets/plain_words.h"
#include "secrets/secret_finder.h"
#include "secrets/secret_parts.h"

namespace shunt {
namespace {

constexpr std::size_t kSecretLineBytesMin = 16;  // a line of a PEM block, say
constexpr std::size_t kPlainValuesMax = 1024;    // that are told apart
constexpr std::string_view kCutMark = " [cut]";

bool WorthLookingFor(std::string_view value) {
  return value.size() >= kMaskedValueBytesMin && !IsPlainWord(value);
}

// A value of several lines may be printed line by line. A document as a value (the key file of a
// service account) has its line ends as escapes.
void AddLines(std::string_view value, std::vector<std::string_view>* patterns) {
  const auto next_end = [&](std::string_view text) {
    return std::min(text.find('\n'), text.find("\\n"));
  };
  if (next_end(value) == std::string_view::npos) return;
  for (std::string_view rest = value; rest.size() >= kSecretLineBytesMin;) {
    const std::size_t end = next_end(rest);
    std::string_view line = rest.substr(0, end);
    const std::size_t sign = end < rest.size() && rest[end] == '\\' ? 2 : 1;
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + sign);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.ends_with("\\r")) line.remove_suffix(2);
    if (line.size() >= kSecretLineBytesMin && line.size() < value.size()) patterns->push_back(line);
  }
}

void AddPatternsOfText(std::string_view value, std::vector<std::string_view>* patterns) {
  AddLines(value, patterns);
  if (value.size() <= kMaskedPieceBytes) {
    patterns->push_back(value);
    return;
  }
  for (std::size_t at = 0; at < value.size(); at += kMaskedPieceBytes) {
    // The last piece is as long as the others.
    patterns->push_back(
        value.substr(std::min(at, value.size() - kMaskedPieceBytes), kMaskedPieceBytes));
  }
}

// `value` is a Masker::Value, which has no name out here.
void AddPatternsOf(const auto& value, std::vector<std::string_view>* patterns) {
  AddPatternsOfText(value.text, patterns);
  for (const std::string& part : value.parts) AddPatternsOfText(part, patterns);
}

// Overlapping and touching ranges become one, so that of two overlapping secrets none leaves a
// tail. What follows `end_max` is cut, a range that begins before it is not.
std::string ReplaceRanges(std::string_view line, std::vector<SecretFinder::Range> ranges,
                          std::size_t end_max, std::size_t* taken) {
  std::sort(ranges.begin(), ranges.end());
  std::string masked;
  std::size_t from = 0;
  for (std::size_t i = 0; i < ranges.size() && ranges[i].first < end_max;) {
    auto [begin, end] = ranges[i];
    for (++i; i < ranges.size() && ranges[i].first <= end; ++i) {
      end = std::max(end, ranges[i].second);
    }
    masked.append(line.substr(from, begin - from));
    masked.append(kSecretMask);
    from = end;
  }
  if (from < end_max) masked.append(line.substr(from, end_max - from));
  *taken = std::min(line.size(), std::max(from, end_max));
  return masked;
}

}  // namespace

void Masker::AddSecrets(const std::vector<std::string>& values) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Add(values, &groups_[0]);
}

void Masker::AddRotated(Origin connector, const std::vector<std::string>& values) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Group& group = rotated(connector);
  Add(values, &group);
  // Some at a time, so that the work is spread over as many new ones.
  constexpr auto with_slack = [](std::size_t max) { return max + max / 4; };
  if (group.mortal > with_slack(kRotatedValuesMax) ||
      group.mortal_bytes > with_slack(kRotatedBytesMax)) {
    Forget(&group);
  }
}

void Masker::SetLive(Origin connector, const std::vector<std::string>& values) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Group& group = rotated(connector);
  group.mortal = group.mortal_bytes = 0;
  for (Value& value : group.values) value.live = false;
  for (const std::string& text : values) {
    const auto found = group.known.find(std::string_view(text).substr(0, kMaskedValueBytesMax));
    if (found != group.known.end()) found->second->live = true;
  }
  for (const Value& value : group.values) {
    if (value.live) continue;
    ++group.mortal;
    group.mortal_bytes += value.bytes;
  }
}

void Masker::Add(const std::vector<std::string>& values, Group* group) {
  Tier fresh;
  for (const std::string& text : values) {
    const Value* const value = AddValue(text, group);
    if (value != nullptr) AddPatternsOf(*value, &fresh.patterns);
  }
  if (!fresh.patterns.empty()) AddTier(std::move(fresh), group);
}

// Null when there is nothing new to look for.
Masker::Value* Masker::AddValue(std::string_view text, Group* group) {
  text = text.substr(0, kMaskedValueBytesMax);
  if (groups_[0].known.contains(text)) return nullptr;
  if (const auto known = group->known.find(text); known != group->known.end()) {
    group->values.splice(group->values.end(), group->values, known->second);  // it is news again
    return nullptr;
  }
  if (!WorthLookingFor(text)) {
    if (!text.empty() && plain_.size() < kPlainValuesMax) plain_.emplace(text);
    return nullptr;
  }
  Value& value = group->values.emplace_back();
  value.text = text;
  value.bytes = text.size();
  for (std::string& part : PartsOfSecret(text)) {
    if (!WorthLookingFor(part)) continue;
    value.bytes += part.size();
    value.parts.push_back(std::move(part));
  }
  group->known.emplace(value.text, std::prev(group->values.end()));
  ++group->mortal;
  group->mortal_bytes += value.bytes;
  return &value;
}

void Masker::AddTier(Tier fresh, Group* group) {
  std::vector<Tier>& tiers = group->tiers;
  while (!tiers.empty() && tiers.back().patterns.size() <= 2 * fresh.patterns.size()) {
    const std::vector<std::string_view>& last = tiers.back().patterns;
    fresh.patterns.insert(fresh.patterns.end(), last.begin(), last.end());
    tiers.pop_back();
  }
  fresh.set = std::make_shared<const PatternSet>(fresh.patterns);
  tiers.push_back(std::move(fresh));
}

void Masker::Forget(Group* group) {
  // The newest stays in any case.
  for (auto value = group->values.begin();
       std::next(value) != group->values.end() &&
       (group->mortal > kRotatedValuesMax || group->mortal_bytes > kRotatedBytesMax);) {
    if (value->live) {
      ++value;
      continue;
    }
    --group->mortal;
    group->mortal_bytes -= value->bytes;
    group->known.erase(value->text);
    value = group->values.erase(value);
  }
  group->tiers.clear();
  Tier all;
  for (const Value& kept : group->values) AddPatternsOf(kept, &all.patterns);
  AddTier(std::move(all), group);
}

std::size_t Masker::size() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::size_t values = 0;
  for (const Group& group : groups_) values += group.values.size();
  return values;
}

std::size_t Masker::not_looked_for() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return plain_.size();
}

std::string Masker::MaskLine(std::string_view whole) const {
  std::size_t taken = 0;
  std::string masked = MaskCredentialShapes(MaskPiece(whole, &taken));
  if (whole.size() > kMaskedLineBytesMax) masked += kCutMark;
  return masked;
}

std::string Masker::MaskText(std::string_view text) const {
  std::string masked;
  masked.reserve(text.size());
  for (std::size_t taken = 0; !text.empty(); text.remove_prefix(taken)) {
    masked += MaskPiece(text, &taken);
  }
  return MaskCredentialShapes(masked);
}

std::string Masker::MaskPiece(std::string_view text, std::size_t* taken) const {
  Sets sets;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const Group& group : groups_) {
      for (const Tier& tier : group.tiers) sets.push_back(tier.set);
    }
  }
  // Whole lines are searched whole, up to where one is cut in any case.
  const std::string_view line = text.substr(0, kMaskedInputBytesMax);
  std::vector<SecretFinder::Range> ranges;
  if (!sets.empty()) {
    const bool open = text.size() >= kMaskedInputBytesMax;
    ranges = SecretFinder(sets, line, open).TakeRanges();
  }
  return ReplaceRanges(line, std::move(ranges), kMaskedLineBytesMax, taken);
}

}  // namespace shunt
