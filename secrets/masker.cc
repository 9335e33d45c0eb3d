#include "secrets/masker.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "protocol/spec.h"
#include "secrets/credential_shapes.h"
#include "secrets/secret_finder.h"

namespace shunt {
namespace {

constexpr std::size_t kSecretLineBytesMin = 16;  // a line of a PEM block, say
constexpr std::size_t kPlainValuesMax = 1024;    // that are told apart
constexpr std::string_view kCutMark = " [cut]";

// What people put at places that a spec calls secret, and what lines are full of.
constexpr std::string_view kCommonWords[] = {
    "**********", "enabled",  "disabled", "default", "public",      "private", "localhost",
    "username",   "password", "secret",   "string",  "integer",     "boolean", "number",
    "object",     "postgres", "master",   "source",  "destination", "airbyte", "record"};

bool WorthLookingFor(std::string_view value) {
  if (value.size() < kMaskedValueBytesMin) return false;
  return std::find(std::begin(kCommonWords), std::end(kCommonWords), value) ==
         std::end(kCommonWords);
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

void AddPatternsOf(std::string_view value, std::vector<std::string_view>* patterns) {
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

// Overlapping and touching ranges become one, so that of two overlapping secrets none leaves a
// tail. What follows `end_max` is cut, a range that begins before it is not.
std::string ReplaceRanges(std::string_view line, std::vector<SecretFinder::Range> ranges,
                          std::size_t end_max) {
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
  return masked;
}

}  // namespace

void Masker::AddSecrets(const std::vector<std::string>& values) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Tier fresh;
  for (const std::string& value : values) {
    if (Add(value)) AddPatternsOf(values_.back(), &fresh.patterns);
  }
  if (fresh.patterns.empty()) return;
  if (values_.size() > kMaskedValuesKept + kMaskedValuesMax || rotated_bytes_ > kMaskedBytesMax) {
    Forget();
  } else {
    AddTier(std::move(fresh));
  }
}

bool Masker::Add(std::string_view value) {
  value = value.substr(0, kMaskedValueBytesMax);
  if (!WorthLookingFor(value)) {
    if (!value.empty() && plain_.size() < kPlainValuesMax) plain_.emplace(value);
    return false;
  }
  if (known_.contains(value)) return false;
  if (values_.size() >= kMaskedValuesKept) rotated_bytes_ += value.size();
  values_.emplace_back(value);
  known_.insert(values_.back());
  return true;
}

void Masker::AddTier(Tier fresh) {
  while (!tiers_.empty() && tiers_.back().patterns.size() <= 2 * fresh.patterns.size()) {
    const std::vector<std::string_view>& last = tiers_.back().patterns;
    fresh.patterns.insert(fresh.patterns.end(), last.begin(), last.end());
    tiers_.pop_back();
  }
  fresh.set = std::make_shared<const PatternSet>(fresh.patterns);
  tiers_.push_back(std::move(fresh));
}

// Half of the rotated values go, the oldest, so that the work is spread over as many new ones.
void Masker::Forget() {
  const auto half = [](std::size_t all) { return all / 2; };
  auto value = std::next(values_.begin(), static_cast<std::ptrdiff_t>(kMaskedValuesKept));
  const std::size_t count_max = half(kMaskedValuesMax);
  const std::size_t bytes_max = half(kMaskedBytesMax);
  // The newest stays in any case.
  while (std::next(value) != values_.end() &&
         (values_.size() > kMaskedValuesKept + count_max || rotated_bytes_ > bytes_max)) {
    rotated_bytes_ -= value->size();
    known_.erase(*value);
    value = values_.erase(value);
  }
  tiers_.clear();
  Tier all;
  for (const std::string& kept : values_) AddPatternsOf(kept, &all.patterns);
  AddTier(std::move(all));
}

std::size_t Masker::size() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return values_.size();
}

std::size_t Masker::not_looked_for() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return plain_.size();
}

std::string Masker::MaskLine(std::string_view whole) const {
  Sets sets;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const Tier& tier : tiers_) sets.push_back(tier.set);
  }
  // Whole lines are searched whole, up to where one is cut in any case.
  const bool cut = whole.size() > kMaskedLineBytesMax;
  const std::string_view line = whole.substr(0, kMaskedInputBytesMax);
  std::vector<SecretFinder::Range> ranges;
  if (!sets.empty()) {
    const bool open = whole.size() >= kMaskedInputBytesMax;
    ranges = SecretFinder(sets, line, open).TakeRanges();
  }
  std::string masked =
      MaskCredentialShapes(ReplaceRanges(line, std::move(ranges), kMaskedLineBytesMax));
  if (cut) masked += kCutMark;
  return masked;
}

}  // namespace shunt
