#include "transforms/record_rewriter.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "platform/strings.h"
#include "protocol/line_scanner.h"

namespace shunt {
namespace {

// What a nulled field adds to meta.changes, besides its name.
constexpr std::size_t kChangeBytes = 80;
constexpr std::size_t kMetaBytes = sizeof(R"(,"meta":{"changes":[]})");
constexpr std::string_view kNull = "null";

void AddTo(std::vector<StreamDelta>* deltas, uint32_t stream, uint64_t bytes) {
  for (StreamDelta& delta : *deltas) {
    if (delta.stream != stream) continue;
    ++delta.records;
    delta.bytes += bytes;
    return;
  }
  deltas->push_back({stream, 1, bytes});
}

std::string ChangesJson(const std::vector<FieldChange>& changes) {
  std::string json;
  for (const FieldChange& change : changes) {
    absl::StrAppend(&json, json.empty() ? "" : ",", R"({"field":)", JsonQuote(change.field),
                    R"(,"change":")", A(change.change), R"(","reason":")", A(change.reason),
                    R"("})");
  }
  return json;
}

}  // namespace

bool RecordRules::filters_rows() const {
  return std::any_of(mappers.begin(), mappers.end(),
                     [](const StreamMappers& stream) { return stream.filters_rows(); });
}

RecordGrowth RecordRules::GrowthMax(const ConfiguredCatalog& catalog) const {
  constexpr std::size_t kNamespaceKeyBytes = sizeof(R"(,"namespace":)");
  RecordGrowth most;
  for (const StreamMappers& stream : mappers) {
    const RecordGrowth growth = stream.growth_max();
    most.factor = std::max(most.factor, growth.factor);
    most.bytes = std::max(most.bytes, growth.bytes);
  }
  std::size_t name_bytes = 0;
  for (const ConfiguredStream& stream : catalog.streams) {
    const StreamDescriptor mapped = names.Map(stream.stream);
    if (mapped == stream.stream) continue;
    const std::size_t added = JsonQuote(mapped.name).size() + kNamespaceKeyBytes +
                              JsonQuote(mapped.name_space.value_or("")).size();
    name_bytes = std::max(name_bytes, added);
  }
  most.bytes += name_bytes;
  return most;
}

void RecordRewriter::Result::Clear() {
  consumed = out_bytes = 0;
  lacks_newline = false;
  filtered.clear();
  lost.clear();
  first_lost_line = 0;
  why_lost = {};
  records_nulled = 0;
}

RecordRewriter::RecordRewriter(const RecordRules& rules, const ConfiguredCatalog& catalog,
                               SchemaCheck* check)
    : rules_(rules), catalog_(catalog), index_(catalog), check_(check) {}

class RecordRewriter::Output {
 public:
  explicit Output(std::string* text) : text_(text) {}
  std::string_view text() const { return std::string_view(*text_).substr(0, size_); }
  std::size_t size() const { return size_; }
  void CutTo(std::size_t size) { size_ = size; }
  // Where `bytes` more may be written.
  char* Room(std::size_t bytes) {
    const std::size_t needed = size_ + bytes;
    // A long line comes alone: room for more of its kind would be another half of it.
    if (needed > text_->size()) text_->resize(needed + std::min(needed / 2, kSpareBytes));
    return text_->data() + size_;
  }
  void Wrote(std::size_t bytes) { size_ += bytes; }
  // `line` is anything afterwards. A long one at the beginning is taken as it is: it is in memory
  // once.
  void Append(std::string* line) {
    if (size_ == 0 && line->size() > kSpareBytes) {
      text_->swap(*line);
      std::string().swap(*line);
      size_ = text_->size();
      return;
    }
    memcpy(Room(line->size()), line->data(), line->size());
    Wrote(line->size());
  }

 private:
  static constexpr std::size_t kSpareBytes = std::size_t{256} << 10;
  std::string* const text_;
  std::size_t size_ = 0;
};

void RecordRewriter::Rewrite(std::string_view run, std::size_t bytes_max, std::string* out,
                             Result* result) {
  result->Clear();
  Output text(out);
  for (uint32_t number = 0; !run.empty(); ++number) {
    const std::size_t before = text.size();
    Fate fate = Fate::kForwarded;
    nulled_ = false;
    std::size_t line_bytes = 0;
    if (const char* end = CopyByHead(run, &text)) {
      line_bytes = static_cast<std::size_t>(end - run.data());
    } else {
      line_bytes = std::min(run.find('\n'), run.size() - 1) + 1;
      line_.clear();
      fate = RewriteLine(run.substr(0, line_bytes), &line_);
      if (fate == Fate::kForwarded) text.Append(&line_);
    }
    if (text.size() > bytes_max) {
      text.CutTo(before);
      break;
    }
    run.remove_prefix(line_bytes);
    result->consumed += line_bytes;
    if (fate == Fate::kFiltered) AddTo(&result->filtered, stream_number_, line_bytes);
    if (fate == Fate::kLost) {
      if (result->lost.empty()) {
        result->first_lost_line = number;
        result->why_lost = why_lost_;
      }
      AddTo(&result->lost, stream_number_, line_bytes);
    }
    if (nulled_ && fate == Fate::kForwarded) ++result->records_nulled;
  }
  result->out_bytes = text.size();
  result->lacks_newline = text.size() > 0 && text.text().back() != '\n';
}

// --- lines like an earlier one -------------------------------------------------------------------

// The first line of the run, when it begins like one before; returns its end, or null.
const char* RecordRewriter::CopyByHead(std::string_view run, Output* out) {
  for (const Head& head : heads_) {
    if (head.bytes.empty() || !run.starts_with(head.bytes)) continue;
    const std::string_view rest = run.substr(head.bytes.size());
    char* const to = out->Room(head.mapped.size() + rest.size() + kLinePadding);
    memcpy(to, head.mapped.data(), head.mapped.size());
    const char* const end =
        CopyLine(rest.data(), rest.data() + rest.size(), to + head.mapped.size());
    const auto tail_bytes = static_cast<std::size_t>(end - rest.data());
    const std::string_view tail = rest.substr(0, tail_bytes);
    const std::size_t size = head.mapped.size() + tail_bytes;
    if (head.scan && tail.find("\"namespace\"") != std::string_view::npos) return nullptr;
    if (rules_.record_bytes_max > 0 && size > rules_.record_bytes_max) return nullptr;
    if (check_ != nullptr && !check_->SkipNext(head.stream)) return nullptr;
    out->Wrote(size);
    return end;
  }
  return nullptr;
}

// Equal bytes up to behind the names mean equal names, unless a namespace comes later.
void RecordRewriter::LearnHead(std::string_view line) {
  if (rules_.maps_fields() && !rules_.mappers[stream_number_].empty()) return;
  if (parts_.stream.begin > parts_.data.begin) return;
  std::size_t end = parts_.stream.end;
  if (parts_.name_space) {
    if (parts_.name_space->begin > parts_.data.begin) return;
    end = std::max(end, parts_.name_space->end);
  }
  Head& head = heads_[next_head_++ % kHeadsMax];
  head.bytes.assign(line.substr(0, end));
  head.mapped.clear();
  edit_.AppendTo(line.substr(0, end), &head.mapped);
  head.stream = stream_number_;
  head.scan = !parts_.name_space &&
              (!rules_.names.keeps_namespaces() || rules_.maps_fields() || check_ != nullptr);
}

// --- one line ------------------------------------------------------------------------------------

RecordRewriter::Fate RecordRewriter::Lose(std::string_view why) {
  why_lost_ = why;
  return Fate::kLost;
}

RecordRewriter::Fate RecordRewriter::RewriteLine(std::string_view line, std::string* out) {
  stream_number_ = 0;
  if (!parts_.Read(line) || !parts_.ReadStream(&stream_)) {
    return Lose("is a RECORD that cannot be read for its transform");
  }
  const std::optional<uint32_t> stream = index_.Find(stream_);
  if (!stream) return Lose("is a RECORD of a stream that has no transform");
  stream_number_ = *stream;
  if (check_ != nullptr) check_->Check(*stream, parts_.data.value.text);
  row_read_ = false;
  if (rules_.maps_fields() && !rules_.mappers[*stream].empty()) {
    if (!ReadRow()) return Lose("is a RECORD whose data cannot be read for its mappers");
    if (!rules_.mappers[*stream].Apply(&row_)) return Fate::kFiltered;
  }
  const std::size_t begin = out->size();
  Assemble(line, out);
  const std::size_t size = out->size() - begin;
  if (rules_.record_bytes_max == 0 || size <= rules_.record_bytes_max) {
    LearnHead(line);
    return Fate::kForwarded;
  }
  return Fit(line, begin, out);
}

// The line with all edits: names, data, meta.
void RecordRewriter::Assemble(std::string_view line, std::string* out) {
  edit_.Clear();
  if (!rules_.names.identity()) {
    EditStream(stream_, rules_.names.Map(stream_), parts_.stream, parts_.name_space, &edit_);
  }
  if (row_read_ && row_.touched()) {
    std::string data;
    row_.AppendTo(&data);
    edit_.Replace(parts_.data.value_begin(), parts_.data.end, std::move(data));
  }
  if (row_read_ && !row_.changes().empty()) EditMeta(line);
  edit_.AppendTo(line, out);
}

// Adds the row's changes to meta.changes, which may be there, empty, null or absent.
void RecordRewriter::EditMeta(std::string_view line) {
  const std::string changes = ChangesJson(row_.changes());
  if (!parts_.meta) {
    edit_.Insert(parts_.data.end, absl::StrCat(R"(,"meta":{"changes":[)", changes, "]}"));
    return;
  }
  const JsonSlice meta = parts_.meta->value;
  const auto offset = [&line](const char* p) { return static_cast<std::size_t>(p - line.data()); };
  const std::optional<JsonSlice> old = meta.is_object() ? JsonFind(meta, "changes") : std::nullopt;
  if (old && old->is_array()) {
    const std::string_view inside = old->text.substr(1, old->text.size() - 2);
    const bool empty = std::all_of(inside.begin(), inside.end(), IsBlank);
    edit_.Insert(offset(&old->text.back()), absl::StrCat(empty ? "" : ",", changes));
  } else if (old) {
    const std::size_t begin = offset(old->text.data());
    edit_.Replace(begin, begin + old->text.size(), absl::StrCat("[", changes, "]"));
  } else if (meta.is_object()) {
    const bool empty = meta.text.find('"') == std::string_view::npos;
    edit_.Insert(offset(&meta.text.back()),
                 absl::StrCat(empty ? "" : ",", R"("changes":[)", changes, "]"));
  } else {
    edit_.Replace(parts_.meta->value_begin(), parts_.meta->end,
                  absl::StrCat(R"({"changes":[)", changes, "]}"));
  }
}

// --- records over the bound ----------------------------------------------------------------------

// What Assemble appended behind `begin` is too long.
RecordRewriter::Fate RecordRewriter::Fit(std::string_view line, std::size_t begin,
                                         std::string* out) {
  constexpr std::string_view kTooLong = "is a RECORD longer than --record-bytes-max";
  if (rules_.on_oversize != OnOversizeRecord::kNull) return Lose(kTooLong);
  if (!row_read_ && !ReadRow()) return Lose(kTooLong);
  if (!NullLargest(out->size() - begin - rules_.record_bytes_max)) return Lose(kTooLong);
  out->resize(begin);
  Assemble(line, out);
  if (out->size() - begin > rules_.record_bytes_max) return Lose(kTooLong);
  nulled_ = true;
  return Fate::kForwarded;
}

// A key is one under whatever name a mapper gives it.
bool RecordRewriter::ReadRow() {
  row_read_ = true;
  if (!row_.Parse(parts_.data.value.text)) return false;
  const std::vector<std::string>& keys = catalog_.streams[stream_number_].key_fields;
  if (rules_.on_oversize != OnOversizeRecord::kNull || keys.empty()) return true;
  for (Row::Member& member : row_.members()) {
    member.is_key = std::any_of(keys.begin(), keys.end(), [&member](const std::string& key) {
      return JsonKeyIs(member.raw_key, key);
    });
  }
  return true;
}

// Keys and cursors stay: without them the destination could not tell one record from another.
bool RecordRewriter::NullLargest(std::size_t excess) {
  if (row_.changes().empty()) excess += kMetaBytes;
  std::vector<Row::Member*> candidates;
  for (Row::Member& member : row_.members()) {
    if (!member.removed && !member.is_key) candidates.push_back(&member);
  }
  std::stable_sort(candidates.begin(), candidates.end(), [](const auto* a, const auto* b) {
    return a->value.text.size() > b->value.text.size();
  });
  std::size_t saved = 0;
  for (Row::Member* member : candidates) {
    if (saved >= excess) return true;
    const std::size_t costs = kNull.size() + member->raw_key.size() + kChangeBytes;
    if (member->value.text.size() <= costs) return false;  // nor would any that follows help
    saved += member->value.text.size() - costs;
    row_.NoteChange({.field = JsonUnescape(member->raw_key).value_or(std::string(member->raw_key)),
                     .change = "NULLED",
                     .reason = "PLATFORM_RECORD_SIZE_LIMITATION"});
    row_.SetValue(*member, std::string(kNull));
  }
  return saved >= excess;
}

}  // namespace shunt
