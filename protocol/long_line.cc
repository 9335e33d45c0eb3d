#include "protocol/long_line.h"

#include <string>

#include "protocol/json_lexemes.h"
#include "protocol/limits.h"
#include "protocol/line_scanner.h"

namespace shunt {
namespace {

std::size_t SkipBlanks(std::string_view part, std::size_t at) {
  while (at < part.size() && IsBlank(part[at])) ++at;
  return at;
}

}  // namespace

LineKind LongLineReader::Read(std::span<const std::string_view> parts) {
  mode_ = Mode::kBlank;
  text_objects_ = false;
  object_.Reset();
  text_.Begin();
  ended_ = !parts.empty() && parts.back().ends_with('\n');
  for (std::size_t i = 0; i < parts.size() && mode_ != Mode::kMalformed; ++i) {
    // The LF is a blank to the reader of objects, and no matter to the reader of text.
    Feed(parts[i]);
  }
  return Finish();
}

void LongLineReader::Feed(std::string_view part) {
  std::size_t at = 0;
  while (at < part.size()) {
    switch (mode_) {
      case Mode::kBlank:
        at = SkipBlanks(part, at);
        if (at == part.size()) return;
        mode_ = Mode::kText;
        if (part[at] != '{') break;
        mode_ = Mode::kBrace;
        ++at;
        break;
      case Mode::kBrace:
        at = SkipBlanks(part, at);
        if (at == part.size()) return;
        // `{` and the blanks mean nothing to the reader of text when other text follows.
        mode_ = part[at] == '"' || part[at] == '}' ? Mode::kObject : Mode::kText;
        if (mode_ == Mode::kObject) object_.Feed("{");
        break;
      case Mode::kObject:
        at += FeedObject(part.substr(at));
        if (object_.grammar().status() == EnvelopeReader::Grammar::Status::kDone) {
          mode_ = Mode::kBehindObject;
        } else if (object_.grammar().status() == EnvelopeReader::Grammar::Status::kError) {
          mode_ = Mode::kMalformed;
        }
        break;
      case Mode::kBehindObject:
        at = SkipBlanks(part, at);
        if (at == part.size()) return;
        // Objects that are no messages may follow each other: together they are one text.
        mode_ = Mode::kMalformed;
        if (part[at] != '{' || JudgeEnvelope(object_.envelope()) != LineKind::kText) return;
        text_objects_ = true;
        object_.Reset();
        mode_ = Mode::kObject;
        break;
      case Mode::kText:
        text_.Feed(part.substr(at));
        return;
      case Mode::kMalformed:
        return;
    }
  }
}

std::size_t LongLineReader::FeedObject(std::string_view bytes) {
  const EnvelopeReader::Grammar& grammar = object_.grammar();
  std::size_t step = kSkimBytesMin;
  if (grammar.can_skim() && bytes.size() >= kSkimBytesMin + kLinePadding) {
    const std::string_view slice =
        bytes.substr(0, std::min(bytes.size() - kLinePadding, skim_bytes_));
    const std::size_t skimmed = Skim(slice);
    if (skimmed > 0) return skimmed;
    // Broken, or one long string. Trying again within the slice would make time quadratic.
    step = slice.size();
  } else if (grammar.in_string()) {
    // The index is of use again where the string ends.
    step = bytes.find('"');
    if (step != std::string_view::npos) ++step;
  } else if (grammar.in_token()) {
    step = 1;
  }
  return object_.Feed(bytes.substr(0, step));
}

// kLinePadding bytes behind the slice are readable. Zero: it has to be fed.
std::size_t LongLineReader::Skim(std::string_view slice) {
  if (!BuildIndex(&slice)) return 0;
  const char* const base = slice.data();
  const uint32_t* last = index_.end();
  // A number or literal at the end may go on behind the slice.
  std::size_t size = slice.size();
  constexpr std::string_view kComplete = "{}[],:\"";
  if (last != index_.begin() && kComplete.find(base[last[-1]]) == std::string_view::npos) {
    size = *--last;
  }
  const char* const escape = FindBackslash(base, base + size);
  if (escape != base + size && !CheckEscapes(escape, base + size)) return 0;
  const uint32_t* const behind =
      object_.mutable_grammar()->Skim(base, base + slice.size(), index_.begin(), last);
  if (behind == nullptr) return 0;
  return behind == last ? size : *behind;
}

// Indexes the slice, or what of it stands before the string that it ends in.
bool LongLineReader::BuildIndex(std::string_view* slice) {
  if (index_.Build(*slice)) return true;
  std::size_t quote = slice->rfind('"');
  while (quote != std::string_view::npos && quote > 0) {
    std::size_t backslashes = 0;
    while (backslashes < quote && (*slice)[quote - 1 - backslashes] == '\\') ++backslashes;
    if (backslashes % 2 == 0) break;
    quote = slice->rfind('"', quote - 1);
  }
  if (quote == std::string_view::npos || quote < kSkimBytesMin) return false;
  *slice = slice->substr(0, quote);
  return index_.Build(*slice);
}

LineKind LongLineReader::Finish() {
  switch (mode_) {
    case Mode::kBlank:
      return LineKind::kEmpty;
    case Mode::kBrace:
      return ended_ ? LineKind::kText : LineKind::kMalformed;
    case Mode::kBehindObject: {
      const LineKind kind = JudgeEnvelope(object_.envelope());
      return text_objects_ && kind != LineKind::kText ? LineKind::kMalformed : kind;
    }
    case Mode::kText:
      text_.Finish();
      return text_.broken_message() || text_.ends_in_message() ? LineKind::kMalformed
                                                               : LineKind::kText;
    default:
      return LineKind::kMalformed;
  }
}

bool PartsContain(std::span<const std::string_view> parts, std::string_view needle) {
  std::string seam;  // the last bytes before the part, one fewer than the needle has
  for (const std::string_view part : parts) {
    if (part.find(needle) != std::string_view::npos) return true;
    seam.append(part.substr(0, needle.size() - 1));
    if (seam.find(needle) != std::string::npos) return true;
    if (part.size() >= needle.size()) {
      seam = part.substr(part.size() - (needle.size() - 1));
    } else if (seam.size() >= needle.size()) {
      seam.erase(0, seam.size() - (needle.size() - 1));
    }
  }
  return false;
}

}  // namespace shunt
