#include "secrets/secret_finder.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace shunt {
namespace {

constexpr int kUnescapesMax = 2;
constexpr int kPercentsMax = 2;
constexpr int kDecodingsMax = 3;
constexpr std::size_t kBase64CharsMin = 8;  // what six bytes take

bool Has(const DecodedView& view, char c) { return view.text().find(c) != std::string_view::npos; }

// Of both alphabets: +/ and -_.
constexpr int8_t kNotBase64 = -1;
constexpr std::array<int8_t, 256> kBase64Values = [] {
  std::array<int8_t, 256> values{};
  values.fill(kNotBase64);
  for (int i = 0; i < 26; ++i) {
    values[static_cast<std::size_t>('A' + i)] = static_cast<int8_t>(i);
    values[static_cast<std::size_t>('a' + i)] = static_cast<int8_t>(26 + i);
  }
  for (int i = 0; i < 10; ++i) {
    values[static_cast<std::size_t>('0' + i)] = static_cast<int8_t>(52 + i);
  }
  values['+'] = values['-'] = 62;
  values['/'] = values['_'] = 63;
  return values;
}();

int8_t Base64Value(char c) { return kBase64Values[static_cast<uint8_t>(c)]; }

// What characters [first, ...) of the run give, byte by byte; what is left of the last group is
// dropped.
DecodedView DecodeBase64(const DecodedView& view, const std::vector<uint32_t>& run,
                         std::size_t first, bool open) {
  const std::size_t bytes = (run.size() - first) * 6 / 8;
  std::string text;
  std::vector<uint32_t> begins, ends;
  text.reserve(bytes);
  begins.reserve(bytes);
  ends.reserve(bytes);
  uint32_t bits = 0;
  int held = 0;
  for (std::size_t i = first; i < run.size(); ++i) {
    bits = bits << 6 | static_cast<uint32_t>(Base64Value(view.text()[run[i]]));
    held += 6;
    if (held < 8) continue;
    held -= 8;
    text.push_back(static_cast<char>(bits >> held & 0xFF));
    begins.push_back(static_cast<uint32_t>(view.raw_begin(run[i - 1])));
    ends.push_back(static_cast<uint32_t>(view.raw_end(run[i] + 1)));
  }
  return {std::move(text), std::move(begins), std::move(ends), open};
}

}  // namespace

SecretFinder::SecretFinder(const Sets& sets, std::string_view raw, bool open)
    : sets_(sets), raw_bytes_(raw.size()) {
  Explore(DecodedView(raw, open), kUnescapesMax, kPercentsMax);
}

void SecretFinder::Explore(const DecodedView& view, int unescapes, int percents) {
  Search(view);
  SearchBase64(view);
  const int done = kUnescapesMax - unescapes + kPercentsMax - percents;
  if (done == kDecodingsMax) return;
  if (unescapes > 0 && Has(view, '\\')) Explore(view.JsonUnescaped(), unescapes - 1, percents);
  if (percents == 0) return;
  const bool percent = Has(view, '%');
  if (percent) Explore(view.PercentDecoded(DecodedView::Plus::kPlus), unescapes, percents - 1);
  if (Has(view, '+')) Search(view.PercentDecoded(DecodedView::Plus::kBlank));
}

void SecretFinder::Search(const DecodedView& view) {
  for (const std::shared_ptr<const PatternSet>& set : sets_) {
    // Ends only grow, so what overlaps the last one is one with it: the list stays short.
    std::size_t last_begin = 0;
    std::size_t last_end = 0;
    const auto flush = [&] {
      if (last_end > 0) ranges_.emplace_back(view.raw_begin(last_begin), view.raw_end(last_end));
    };
    const std::size_t begun = set->Search(view.text(), [&](std::size_t begin, std::size_t end) {
      if (last_end > 0 && begin <= last_end) {
        last_begin = std::min(last_begin, begin);
      } else {
        flush();
        last_begin = begin;
      }
      last_end = end;
    });
    flush();
    if (view.open() && begun > 0) {
      ranges_.emplace_back(view.raw_begin(view.text().size() - begun), raw_bytes_);
    }
  }
}

// Runs go on over line ends: MIME breaks its lines.
void SecretFinder::SearchBase64(const DecodedView& view) {
  const std::string_view text = view.text();
  run_.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (Base64Value(text[i]) != kNotBase64) {
      run_.push_back(static_cast<uint32_t>(i));
    } else if (text[i] != '\r' && text[i] != '\n') {
      SearchRun(view, false);
      run_.clear();
    }
  }
  SearchRun(view, view.open());
  run_.clear();
}

// A group of four characters may begin at any of the first four: other characters of the alphabet
// may stand before the encoded text.
void SecretFinder::SearchRun(const DecodedView& view, bool open) {
  constexpr std::size_t kPhases = 4;
  for (std::size_t first = 0; first < kPhases; ++first) {
    if (run_.size() < first + (open ? 2 : kBase64CharsMin)) return;
    const DecodedView decoded = DecodeBase64(view, run_, first, open);
    Search(decoded);
    if (Has(decoded, '\\')) Search(decoded.JsonUnescaped());
    if (Has(decoded, '%')) Search(decoded.PercentDecoded(DecodedView::Plus::kPlus));
    if (Has(decoded, '+')) Search(decoded.PercentDecoded(DecodedView::Plus::kBlank));
  }
}

}  // namespace shunt
