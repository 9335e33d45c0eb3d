#include "secrets/masker.h"

#include <algorithm>
#include <array>
#include <utility>

#include "protocol/spec.h"
#include "secrets/credential_shapes.h"
#include "secrets/decoded_view.h"

namespace shunt {
namespace {

constexpr std::size_t kSecretLineBytesMin = 16;  // a line of a PEM block, say
constexpr std::size_t kBase64CharsMin = 6;
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

std::string Base64(std::string_view bytes, std::string_view alphabet) {
  std::string text;
  uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<uint8_t>(c);
    held += 8;
    for (; held >= 6; held -= 6) text.push_back(alphabet[bits >> (held - 6) & 63]);
  }
  return text;  // complete characters only
}

// The characters that depend on `value` alone when it stands somewhere in an encoded text: three
// ways, by what is before it modulo 3.
void AddBase64(std::string_view value, std::vector<std::string>* patterns) {
  static constexpr char kStandard[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  static constexpr char kUrl[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (const std::size_t before : {0, 1, 2}) {
    const std::string shifted = std::string(before, '\0') + std::string(value);
    const std::size_t touched = (before * 8 + 5) / 6;
    for (const char* alphabet : {kStandard, kUrl}) {
      std::string inner = Base64(shifted, alphabet).substr(touched);
      if (inner.size() >= kBase64CharsMin) patterns->push_back(std::move(inner));
    }
  }
}

std::vector<std::string> PatternsOf(std::string_view value) {
  std::vector<std::string> patterns;
  patterns.emplace_back(value);
  AddBase64(value, &patterns);
  // A value of several lines may be printed line by line.
  for (std::string_view rest = value; rest.size() >= kSecretLineBytesMin;) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() >= kSecretLineBytesMin && line.size() < value.size()) {
      patterns.emplace_back(line);
    }
  }
  return patterns;
}

using Range = std::pair<std::size_t, std::size_t>;

void SearchView(const PatternSet& set, const DecodedView& view, std::vector<Range>* ranges) {
  set.Search(view.text(), [&](std::size_t begin, std::size_t end) {
    ranges->emplace_back(view.raw_begin(begin), view.raw_end(end));
  });
}

// Plain, unescaped once, unescaped twice; then each of them percent-decoded.
std::vector<DecodedView> ViewsOf(std::string_view line) {
  std::vector<DecodedView> views;
  views.emplace_back(line);
  const auto has = [](const DecodedView& view, char c) {
    return view.text().find(c) != std::string_view::npos;
  };
  for (int i = 0; i < 2 && has(views.back(), '\\'); ++i) {
    views.push_back(views.back().JsonUnescaped());
  }
  for (std::size_t i = 0, plain = views.size(); i < plain; ++i) {
    if (has(views[i], '%')) views.push_back(views[i].PercentDecoded());
  }
  return views;
}

// Overlapping and touching ranges become one, so that of two overlapping secrets none leaves a
// tail. What follows `end_max` is cut, a range that begins before it is not.
std::string ReplaceRanges(std::string_view line, std::vector<Range> ranges, std::size_t end_max) {
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
    std::string cut = value.substr(0, kMaskedValueBytesMax);
    if (!WorthLookingFor(cut) || !known_.insert(cut).second) continue;
    for (std::string& pattern : PatternsOf(cut)) fresh.patterns.push_back(std::move(pattern));
    values_.push_back(std::move(cut));
  }
  if (fresh.patterns.empty()) return;
  if (values_.size() > kMaskedValuesMax) {
    Forget();
    return;
  }
  while (!tiers_.empty() && tiers_.back().patterns.size() <= 2 * fresh.patterns.size()) {
    std::vector<std::string>& last = tiers_.back().patterns;
    fresh.patterns.insert(fresh.patterns.end(), std::make_move_iterator(last.begin()),
                          std::make_move_iterator(last.end()));
    tiers_.pop_back();
  }
  fresh.set = std::make_shared<const PatternSet>(fresh.patterns);
  tiers_.push_back(std::move(fresh));
}

// Half of the rotated values go, the oldest, so that the work is spread over as many new ones.
void Masker::Forget() {
  const auto first = values_.begin() + static_cast<std::ptrdiff_t>(kMaskedValuesKept);
  const auto last = first + static_cast<std::ptrdiff_t>((values_.size() - kMaskedValuesKept) / 2);
  for (auto value = first; value != last; ++value) known_.erase(*value);
  values_.erase(first, last);
  tiers_.clear();
  Tier all;
  for (const std::string& value : values_) {
    for (std::string& pattern : PatternsOf(value)) all.patterns.push_back(std::move(pattern));
  }
  all.set = std::make_shared<const PatternSet>(all.patterns);
  tiers_.push_back(std::move(all));
}

std::size_t Masker::size() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return values_.size();
}

std::string Masker::MaskLine(std::string_view whole) const {
  Sets sets;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const Tier& tier : tiers_) sets.push_back(tier.set);
  }
  // A secret that begins before the cut is searched in full.
  const std::string_view line = whole.substr(0, 2 * kMaskedLineBytesMax);
  std::vector<DecodedView> views;
  if (!sets.empty()) views = ViewsOf(line);
  std::vector<Range> ranges;
  for (const DecodedView& view : views) {
    for (const std::shared_ptr<const PatternSet>& set : sets) SearchView(*set, view, &ranges);
  }
  std::string masked =
      MaskCredentialShapes(ReplaceRanges(line, std::move(ranges), kMaskedLineBytesMax));
  if (whole.size() > kMaskedLineBytesMax) masked += kCutMark;
  return masked;
}

}  // namespace shunt
