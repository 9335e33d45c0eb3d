#include "stages/state_bodies.h"

#include <utility>

namespace shunt {
namespace {

constexpr int64_t kShrinkBytesMin = int64_t{1} << 20;  // less is not worth a system call
constexpr uint64_t kTextOverhead = 64;  // what a text in memory takes beside its bytes

}  // namespace

absl::StatusOr<StateBodies::Body> StateBodies::Keep(std::string text) {
  Body body;
  if (text.empty()) return body;
  body.bytes = text.size();
  if (memory_bytes_ + text.size() + kTextOverhead <= memory_bytes_max_) {
    memory_bytes_ += text.size() + kTextOverhead;
    body.place = --last_number_;
    texts_.emplace(body.place, std::move(text));
    return body;
  }
  if (!file_) {
    absl::StatusOr<UnlinkedFile> file = UnlinkedFile::Create(spill_dir_);
    if (!file.ok()) return file.status();
    file_.emplace(*std::move(file));
  }
  const int64_t bytes = static_cast<int64_t>(text.size());
  const int64_t offset = space_.Take(bytes);
  if (absl::Status status = file_->WriteAt(offset, text); !status.ok()) {
    space_.Give(offset, bytes);
    return status;
  }
  body.place = offset;
  return body;
}

absl::StatusOr<std::string> StateBodies::Take(const Body& body) {
  if (!body.kept()) return std::string();
  if (body.in_memory()) {
    std::string text = std::move(texts_.find(body.place)->second);
    Drop(body);
    return text;
  }
  absl::StatusOr<std::string> text = Read(body);
  Drop(body);
  return text;
}

absl::StatusOr<std::string> StateBodies::Read(const Body& body) const {
  if (!body.kept()) return std::string();
  if (body.in_memory()) return texts_.find(body.place)->second;
  return file_->ReadAt(body.place, body.bytes);
}

void StateBodies::Drop(const Body& body) {
  if (!body.kept()) return;
  if (body.in_memory()) {
    memory_bytes_ -= body.bytes + kTextOverhead;
    texts_.erase(body.place);
    return;
  }
  space_.Give(body.place, static_cast<int64_t>(body.bytes));
  // What is behind the end is only space: when it cannot be given back now, it is used again.
  if (file_->size() - space_.end() >= kShrinkBytesMin) (void)file_->Shrink(space_.end());
}

}  // namespace shunt
