#include "stages/state_log.h"

#include <cstring>
#include <type_traits>
#include <utility>

#include "platform/check.h"

namespace shunt {
namespace {

static_assert(std::is_trivially_copyable_v<LoggedState>);

constexpr int64_t kPageBytes = int64_t{StateLog::kPageStates} * sizeof(LoggedState);
constexpr int64_t kShrinkBytesMin = int64_t{1} << 20;  // less is not worth a system call

std::size_t PlaceOf(uint64_t id) { return (id - 1) % StateLog::kPageStates; }

template <typename T>
std::string_view Bytes(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

}  // namespace

absl::StatusOr<uint64_t> StateLog::Append(const LoggedState& state) {
  if (PlaceOf(last_id_ + 1) == 0) {
    if (absl::Status status = AddPage(); !status.ok()) return status;
  }
  const uint64_t id = ++last_id_;
  Page& page = PageOf(id);
  (*page.states)[PlaceOf(id)] = state;
  ++page.live;
  return id;
}

absl::Status StateLog::AddPage() {
  // The one before it is full: when nothing of it is in use, it is done with.
  if (!pages_.empty() && pages_.back().live == 0) Free(pages_.back());
  while (!pages_.empty() && pages_.front().live == 0) {
    pages_.pop_front();
    ++first_page_;
  }
  if (hot_ >= kHotPagesMax && !spill_dir_.empty()) {
    if (absl::Status status = Evict(); !status.ok()) return status;
  }
  Page& page = pages_.emplace_back();
  page.states = spare_ ? std::move(spare_) : std::make_unique<States>();
  ++hot_;
  return absl::OkStatus();
}

// The oldest page in memory goes to the file.
absl::Status StateLog::Evict() {
  evict_next_ = std::max(evict_next_, first_page_);
  while (!pages_[evict_next_ - first_page_].states) ++evict_next_;
  if (!file_) {
    absl::StatusOr<UnlinkedFile> file = UnlinkedFile::Create(spill_dir_);
    if (!file.ok()) return file.status();
    file_.emplace(*std::move(file));
  }
  Page& page = pages_[evict_next_ - first_page_];
  const int64_t offset = space_.Take(kPageBytes);
  if (absl::Status status = file_->WriteAt(offset, Bytes(*page.states)); !status.ok()) {
    space_.Give(offset, kPageBytes);
    return status;
  }
  page.offset = offset;
  spare_ = std::move(page.states);
  --hot_;
  return absl::OkStatus();
}

absl::StatusOr<LoggedState> StateLog::Read(uint64_t id) {
  const Page& page = PageOf(id);
  SHUNT_CHECK(page.live > 0);
  if (page.states) return (*page.states)[PlaceOf(id)];
  const uint64_t number = (id - 1) / kPageStates;
  if (!read_any_ || read_page_ != number) {
    absl::StatusOr<std::string> bytes = file_->ReadAt(page.offset, std::size_t{kPageBytes});
    if (!bytes.ok()) return bytes.status();
    if (!read_) read_ = std::make_unique<States>();
    memcpy(static_cast<void*>(read_.get()), bytes->data(), bytes->size());
    read_page_ = number;
    read_any_ = true;
  }
  return (*read_)[PlaceOf(id)];
}

absl::Status StateLog::Write(uint64_t id, const LoggedState& state) {
  Page& page = PageOf(id);
  SHUNT_CHECK(page.live > 0);
  if (page.states) {
    (*page.states)[PlaceOf(id)] = state;
    return absl::OkStatus();
  }
  if (read_any_ && read_page_ == (id - 1) / kPageStates) (*read_)[PlaceOf(id)] = state;
  return file_->WriteAt(page.offset + static_cast<int64_t>(PlaceOf(id) * sizeof state),
                        Bytes(state));
}

void StateLog::Release(uint64_t id) {
  Page& page = PageOf(id);
  SHUNT_CHECK(page.live > 0);
  if (--page.live > 0 || &page == &pages_.back()) return;
  Free(page);
  while (pages_.size() > 1 && pages_.front().live == 0) {
    pages_.pop_front();
    ++first_page_;
  }
}

void StateLog::Free(Page& page) {
  if (page.states) {
    spare_ = std::move(page.states);
    --hot_;
  }
  if (page.offset < 0) return;
  space_.Give(page.offset, kPageBytes);
  page.offset = -1;
  // What is behind the end is only space: when it cannot be given back now, it is used again.
  if (file_->size() - space_.end() >= kShrinkBytesMin) (void)file_->Shrink(space_.end());
}

}  // namespace shunt
