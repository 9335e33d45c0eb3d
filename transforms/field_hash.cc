#include "transforms/field_hash.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "platform/check.h"
#include "transforms/hex.h"
#include "transforms/libcrypto.h"
#include "transforms/md2.h"

namespace shunt {
namespace {

struct Method {
  HashMethod method;
  const char* name;
  const char* openssl;  // null: not OpenSSL's
  std::size_t bytes;
};

constexpr Method kMethods[] = {{HashMethod::kMd2, "MD2", nullptr, 16},
                               {HashMethod::kMd5, "MD5", "MD5", 16},
                               {HashMethod::kSha1, "SHA-1", "SHA1", 20},
                               {HashMethod::kSha224, "SHA-224", "SHA2-224", 28},
                               {HashMethod::kSha256, "SHA-256", "SHA2-256", 32},
                               {HashMethod::kSha384, "SHA-384", "SHA2-384", 48},
                               {HashMethod::kSha512, "SHA-512", "SHA2-512", 64}};

const Method& MethodOf(HashMethod method) {
  for (const Method& candidate : kMethods) {
    if (candidate.method == method) return candidate;
  }
  SHUNT_CHECK(!"a method without a row");
  return kMethods[0];
}

// A context is made once per thread: making one costs as much as hashing a short text.
class ThreadContext {
 public:
  explicit ThreadContext(const Libcrypto& crypto)
      : crypto_(crypto), context_(crypto.EVP_MD_CTX_new()) {}
  ~ThreadContext() { crypto_.EVP_MD_CTX_free(context_); }
  ThreadContext(const ThreadContext&) = delete;
  ThreadContext& operator=(const ThreadContext&) = delete;
  EVP_MD_CTX* get() const { return context_; }

 private:
  const Libcrypto& crypto_;
  EVP_MD_CTX* context_;
};

}  // namespace

struct FieldHash::Digest {
  Digest(const Libcrypto& library, EVP_MD* type) : crypto(library), md(type) {}
  ~Digest() { crypto.EVP_MD_free(md); }
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;
  const Libcrypto& crypto;
  EVP_MD* md;
};

std::optional<HashMethod> HashMethodByName(std::string_view name) {
  for (const Method& candidate : kMethods) {
    if (name == candidate.name) return candidate.method;
  }
  return std::nullopt;
}

std::string_view NameOf(HashMethod method) { return MethodOf(method).name; }

absl::StatusOr<FieldHash> FieldHash::Create(HashMethod method) {
  FieldHash hash(method);
  const Method& row = MethodOf(method);
  if (row.openssl == nullptr) return hash;
  absl::StatusOr<const Libcrypto*> crypto = LoadLibcrypto();
  if (!crypto.ok()) return crypto.status();
  EVP_MD* md = (*crypto)->EVP_MD_fetch((*crypto)->context, row.openssl, nullptr);
  if (md == nullptr) {
    (*crypto)->ERR_clear_error();
    return absl::UnavailableError(absl::StrCat("this OpenSSL has no ", row.name));
  }
  hash.digest_ = std::make_shared<Digest>(**crypto, md);
  std::string sample;
  if (!hash.Append("sample data", &sample) || sample.size() != hash.digits()) {
    return absl::UnavailableError(absl::StrCat("this OpenSSL does not compute ", row.name));
  }
  return hash;
}

std::size_t FieldHash::digits() const { return 2 * MethodOf(method_).bytes; }

bool FieldHash::Append(std::string_view text, std::string* out) const {
  if (digest_ == nullptr) {
    AppendHex(Md2(text), out);
    return true;
  }
  const Libcrypto& crypto = digest_->crypto;
  thread_local const ThreadContext context(crypto);
  std::array<uint8_t, EVP_MAX_MD_SIZE> bytes;
  unsigned int size = 0;
  if (context.get() == nullptr ||
      crypto.EVP_DigestInit_ex2(context.get(), digest_->md, nullptr) != 1 ||
      crypto.EVP_DigestUpdate(context.get(), text.data(), text.size()) != 1 ||
      crypto.EVP_DigestFinal_ex(context.get(), bytes.data(), &size) != 1) {
    crypto.ERR_clear_error();
    return false;
  }
  AppendHex(std::span(bytes).first(size), out);
  return true;
}

}  // namespace shunt
