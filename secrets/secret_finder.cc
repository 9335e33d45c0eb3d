#include "secrets/secret_finder.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "secrets/base64_text.h"

namespace shunt {
namespace {

constexpr int kUnescapesMax = 2;
constexpr int kPercentsMax = 2;
constexpr int kDecodingsMax = 3;
constexpr int kBase64sMax = 2;
// Decodings of what base64 gave, by how many more base64 there may be below.
constexpr int kDecodingsInside[kBase64sMax] = {1, 2};
constexpr std::size_t kPassesMax = 96;
constexpr std::size_t kShortBytes = 4096;   // however many passes
constexpr std::size_t kBase64CharsMin = 8;  // what six bytes take

bool Has(const DecodedView& view, char c) { return view.text().find(c) != std::string_view::npos; }

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
    : sets_(sets),
      raw_bytes_(raw.size()),
      bytes_left_(kPassesMax * std::max(raw.size(), kShortBytes)) {
  Explore(DecodedView(raw, open), {.unescapes = kUnescapesMax,
                                   .percents = kPercentsMax,
                                   .base64s = kBase64sMax,
                                   .all = kDecodingsMax});
}

bool SecretFinder::Spend(std::size_t bytes) {
  if (gave_up_) return false;
  if (bytes <= bytes_left_) {
    bytes_left_ -= bytes;
    return true;
  }
  gave_up_ = true;
  ranges_.assign(1, {0, raw_bytes_});
  return false;
}

void SecretFinder::Explore(const DecodedView& view, const Left& left) {
  if (!Spend(view.text().size())) return;
  Search(view);
  if (left.base64s > 0) SearchBase64(view, left);
  if (left.all == 0) return;
  if (left.unescapes > 0 && view.HasEscape()) {
    Left less = left;
    --less.unescapes;
    --less.all;
    Explore(view.JsonUnescaped(), less);
  }
  if (left.percents == 0) return;
  if (view.HasPercent()) {
    Left less = left;
    --less.percents;
    --less.all;
    Explore(view.PercentDecoded(DecodedView::Plus::kPlus), less);
  }
  if (Has(view, '+') && Spend(view.text().size())) {
    Search(view.PercentDecoded(DecodedView::Plus::kBlank));
  }
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

// Runs go on over line ends: MIME breaks its lines. A run that is as it was in the text from which
// this one was decoded was searched there.
void SecretFinder::SearchBase64(const DecodedView& view, const Left& left) {
  const std::string_view text = view.text();
  Run run;
  bool fresh = view.all_untouched();
  const auto finish = [&](bool open) {
    if (fresh) SearchRun(view, run, open, left);
    run.clear();
    fresh = view.all_untouched();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (Base64Value(text[i]) != kNotBase64) {
      run.push_back(static_cast<uint32_t>(i));
      fresh = fresh || !view.untouched(i);
    } else if (text[i] != '\r' && text[i] != '\n') {
      finish(false);
    } else {
      fresh = fresh || !view.untouched(i);  // what was parted is one run now
    }
  }
  finish(view.open());
}

// A group of four characters may begin at any of the first four: other characters of the alphabet
// may stand before the encoded text.
void SecretFinder::SearchRun(const DecodedView& view, const Run& run, bool open, const Left& left) {
  constexpr std::size_t kPhases = 4;
  for (std::size_t first = 0; first < kPhases; ++first) {
    if (run.size() < first + (open ? 2 : kBase64CharsMin)) return;
    const int base64s = left.base64s - 1;
    Explore(DecodeBase64(view, run, first, open), {.unescapes = kUnescapesMax,
                                                   .percents = kPercentsMax,
                                                   .base64s = base64s,
                                                   .all = kDecodingsInside[base64s]});
  }
}

}  // namespace shunt
