#include "stages/state_bodies.h"

#include <utility>

namespace shunt {
namespace {

constexpr int64_t kShrinkBytesMin = int64_t{1} << 20;  // less is not worth a system call

}  // namespace

absl::StatusOr<StateBodies::Body> StateBodies::Keep(std::string text) {
  Body body;
  if (memory_bytes_ + text.size() <= memory_bytes_max_) {
    memory_bytes_ += text.size();
    body.text = std::move(text);
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
  body.offset = offset;
  body.file_bytes = text.size();
  return body;
}

absl::StatusOr<std::string> StateBodies::Take(Body&& body) {
  if (body.offset < 0) {
    memory_bytes_ -= body.text.size();
    return std::move(body.text);
  }
  absl::StatusOr<std::string> text = file_->ReadAt(body.offset, body.file_bytes);
  Drop(std::move(body));
  return text;
}

void StateBodies::Drop(Body&& body) {
  if (body.offset < 0) {
    memory_bytes_ -= body.text.size();
    return;
  }
  space_.Give(body.offset, static_cast<int64_t>(body.file_bytes));
  // What is behind the end is only space: when it cannot be given back now, it is used again.
  if (file_->size() - space_.end() >= kShrinkBytesMin) (void)file_->Shrink(space_.end());
}

}  // namespace shunt
