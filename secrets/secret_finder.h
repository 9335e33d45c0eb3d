// SecretFinder: where secrets stand in a text, in any of the spellings that it knows. It decodes
// the text in every order of at most kDecodingsMax JSON unescapes and percent-decodings (of each at
// most two), and from each result every run of base64, with one more decoding of what that gives:
// the credentials of HTTP Basic are percent-encoded first, a JSON document may be sent as base64.
//
// Made for one text. Threads: one. Bounds: time and memory are linear in the text.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "secrets/decoded_view.h"
#include "secrets/pattern_set.h"

namespace shunt {

class SecretFinder {
 public:
  using Range = std::pair<std::size_t, std::size_t>;  // begin and end in the raw text
  using Sets = std::vector<std::shared_ptr<const PatternSet>>;

  // `open`: the text was cut. What may become a secret behind the cut is a range too.
  SecretFinder(const Sets& sets, std::string_view raw, bool open);

  // In no order, and they may overlap.
  std::vector<Range> TakeRanges() { return std::move(ranges_); }

 private:
  void Explore(const DecodedView& view, int unescapes, int percents);
  void Search(const DecodedView& view);
  void SearchBase64(const DecodedView& view);
  void SearchRun(const DecodedView& view, bool open);

  const Sets& sets_;
  const std::size_t raw_bytes_;
  std::vector<uint32_t> run_;  // where the characters of a run of base64 stand in its view
  std::vector<Range> ranges_;
};

}  // namespace shunt
