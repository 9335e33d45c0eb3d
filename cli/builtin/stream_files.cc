#include "cli/builtin/stream_files.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "secrets/fingerprint.h"

namespace shunt {
namespace {

// With ".jsonl" and a hash it is less than the 255 bytes that a file name may have.
constexpr std::size_t kPlainKeyBytesMax = 200;
constexpr std::size_t kHashBytes = 16;
constexpr std::size_t kFileBufferBytes = std::size_t{64} << 10;

}  // namespace

std::string StreamFiles::StreamKey(std::string_view name_space, std::string_view name) {
  const std::string whole =
      name_space.empty() ? std::string(name) : absl::StrCat(A(name_space), ".", A(name));
  std::string key;
  for (char c : whole) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain =
        absl::ascii_isalnum(byte) || c == '_' || c == '-' || (c == '.' && !key.empty());
    if (plain) {
      key.push_back(c);
    } else {
      absl::StrAppendFormat(&key, "%%%02X", byte);
    }
  }
  if (key.size() <= kPlainKeyBytesMax) return key;
  // No other key has a `~`, so none is like this one by chance.
  key.resize(kPlainKeyBytesMax);
  key.push_back('~');
  const Sha256Digest digest = Sha256(whole);
  for (std::size_t i = 0; i < kHashBytes; ++i) absl::StrAppendFormat(&key, "%02x", digest[i]);
  return key;
}

std::string StreamFiles::PathOf(std::string_view stream) const {
  return absl::StrCat(directory_, "/", A(stream), ".jsonl");
}

absl::StatusOr<StreamFiles::OpenFile*> StreamFiles::Find(std::string_view stream,
                                                         const char* mode) {
  const auto found = files_.find(stream);
  if (found != files_.end()) return &found->second;
  const std::string path = PathOf(stream);
  std::unique_ptr<std::FILE, Closer> file(std::fopen(path.c_str(), mode));
  if (file == nullptr) return absl::UnavailableError(absl::StrCat("cannot open ", path));
  static_cast<void>(std::setvbuf(file.get(), nullptr, _IOFBF, kFileBufferBytes));
  OpenFile& open = files_[std::string(stream)];
  open.file = std::move(file);
  return &open;
}

absl::Status StreamFiles::Truncate(std::string_view stream) { return Find(stream, "w").status(); }

absl::Status StreamFiles::Append(std::string_view stream, std::string_view json) {
  const absl::StatusOr<OpenFile*> open = Find(stream, "a");
  if (!open.ok()) return open.status();
  std::FILE* file = (*open)->file.get();
  (*open)->dirty = true;
  if (std::fwrite(json.data(), 1, json.size(), file) == json.size() &&
      std::fputc('\n', file) != EOF) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(absl::StrCat("cannot write ", PathOf(stream)));
}

absl::Status StreamFiles::Flush() {
  for (auto& [stream, open] : files_) {
    if (!open.dirty) continue;
    if (std::fflush(open.file.get()) != 0) {
      return absl::UnavailableError(absl::StrCat("cannot write ", PathOf(stream)));
    }
    open.dirty = false;
  }
  return absl::OkStatus();
}

}  // namespace shunt
