#include "protocol/text_scanner.h"

#include <cstring>

#include "protocol/line_scanner.h"

namespace shunt {
namespace {

bool Contains(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }

}  // namespace

void TextScanner::Scan(std::string_view line) {
  Begin();
  in_parts_ = false;
  Feed(line);
  Finish();
}

void TextScanner::Begin() {
  trying_ = broken_ = ends_in_message_ = false;
  in_parts_ = true;
  offset_ = 0;
  tail_ = Tail();
  begins_.clear();
}

void TextScanner::Feed(std::string_view part) {
  std::size_t at = 0;
  while (at < part.size() && !broken_) {
    if (!trying_) {
      at = FindBrace(part, at);
      if (at == part.size()) break;
      begin_ = shift_ = offset_ + at;
      reader_.Reset();
      trying_ = true;
    }
    at += reader_.Feed(part.substr(at));
    switch (reader_.grammar().status()) {
      case EnvelopeReader::Grammar::Status::kMore:
        break;
      case EnvelopeReader::Grammar::Status::kDone:
        Found();
        break;
      case EnvelopeReader::Grammar::Status::kError:
        Broke(part, at);
        break;
    }
  }
  tail_ = TailBefore(part, part.size());
  offset_ += part.size();
}

void TextScanner::Finish() {
  if (!trying_) return;
  trying_ = false;
  ForgetObjects();
  broken_ |= reader_.broken_message();
  if (reader_.grammar().behind_object()) TakeInner();
}

// The next `{` that may begin an object, or the end of the part. Text in between makes quotations
// of the objects before it.
std::size_t TextScanner::FindBrace(std::string_view part, std::size_t at) {
  for (;;) {
    while (at < part.size() && IsBlank(part[at])) ++at;
    if (at == part.size()) return at;
    if (part[at] == '{') {
      if (at + 1 == part.size() || Contains("\"} \t\r", part[at + 1])) return at;
      ++at;
    }
    ForgetObjects();
    const void* brace = std::memchr(part.data() + at, '{', part.size() - at);
    if (brace == nullptr) return part.size();
    at = static_cast<std::size_t>(static_cast<const char*>(brace) - part.data());
  }
}

void TextScanner::Found() {
  trying_ = false;
  if (in_parts_) {
    ends_in_message_ |= reader_.envelope().string_type;
  } else {
    begins_.push_back(static_cast<uint32_t>(begin_));
  }
}

// part[at] is the byte in error.
void TextScanner::Broke(std::string_view part, std::size_t at) {
  trying_ = false;
  ForgetObjects();
  if (reader_.broken_message()) {
    broken_ = true;
    return;
  }
  if (reader_.grammar().failed_behind_object()) {
    TakeInner();
    return;
  }
  if (!reader_.grammar().failed_behind_string()) return;
  const Tail tail = TailBefore(part, at);
  if (tail.kind != Tail::Kind::kBraceQuote) return;
  begin_ = tail.brace;
  shift_ = offset_ + at - 2;
  reader_.Reset();
  reader_.Feed("{\"");
  trying_ = true;
}

void TextScanner::TakeInner() {
  if (in_parts_) {
    ends_in_message_ |= reader_.inner_is_message();
  } else {
    begins_.push_back(static_cast<uint32_t>(shift_ + reader_.inner_begin()));
  }
}

void TextScanner::ForgetObjects() {
  begins_.clear();
  ends_in_message_ = false;
}

TextScanner::Tail TextScanner::TailBefore(std::string_view part, std::size_t at) const {
  if (at == 0) return tail_;
  const bool quote = part[at - 1] == '"';
  if (quote) --at;
  while (at > 0 && IsBlank(part[at - 1])) --at;
  const Tail::Kind kind = quote ? Tail::Kind::kBraceQuote : Tail::Kind::kBrace;
  if (at > 0) return part[at - 1] == '{' ? Tail{kind, offset_ + at - 1} : Tail();
  return tail_.kind == Tail::Kind::kBrace ? Tail{kind, tail_.brace} : Tail();
}

}  // namespace shunt
