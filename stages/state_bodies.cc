#include "stages/state_bodies.h"

#include <utility>

namespace shunt {

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
  if (file_live_ == 0) {
    if (absl::Status status = file_->Clear(); !status.ok()) return status;
  }
  absl::StatusOr<int64_t> offset = file_->Append(text);
  if (!offset.ok()) return offset.status();
  body.offset = *offset;
  body.file_bytes = text.size();
  ++file_live_;
  return body;
}

absl::StatusOr<std::string> StateBodies::Take(Body&& body) {
  if (body.offset < 0) {
    memory_bytes_ -= body.text.size();
    return std::move(body.text);
  }
  --file_live_;
  return file_->ReadAt(body.offset, body.file_bytes);
}

void StateBodies::Drop(Body&& body) {
  if (body.offset < 0) {
    memory_bytes_ -= body.text.size();
  } else {
    --file_live_;
  }
}

}  // namespace shunt
