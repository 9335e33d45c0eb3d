// SecretFinder: where secrets stand in a text, in any of the spellings that it knows. It decodes
// the text in every order of at most kDecodingsMax unescapes and percent-decodings (of each at most
// two), and from each result every run of base64; of what that gives again every order of at most
// two decodings, base64 among them; of what that gives once more one: the credentials of HTTP Basic
// are percent-encoded first, a JSON document in a JSON document may be sent as base64, and base64
// is put into base64.
//
// Made for one text. Threads: one. Bounds: time and memory are linear in the text: of a text that
// takes more than kPassesMax passes all is a range.
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
  // How many more decodings there may be.
  struct Left {
    int unescapes = 0, percents = 0, base64s = 0;
    int all = 0;  // of the first two together
  };
  using Run = std::vector<uint32_t>;  // where the characters of a run of base64 stand in its view

  void Explore(const DecodedView& view, const Left& left);
  void Search(const DecodedView& view);
  void SearchBase64(const DecodedView& view, const Left& left);
  void SearchRun(const DecodedView& view, const Run& run, bool open, const Left& left);
  // False when there were too many.
  bool Spend(std::size_t bytes);

  const Sets& sets_;
  const std::size_t raw_bytes_;
  std::size_t bytes_left_;  // that may be looked at
  bool gave_up_ = false;
  std::vector<Range> ranges_;
};

}  // namespace shunt
