#include "stores/url_password.h"

#include <array>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "platform/strings.h"

namespace shunt {
namespace {

// Parameters of libpq that hold a secret, or what is as good as one.
constexpr std::array<std::string_view, 5> kSecrets = {
    "password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"};

std::string PercentDecoded(std::string_view text) {
  constexpr std::size_t kEscape = 3;  // %XX
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    uint32_t byte = 0;
    const std::string_view digits = text.substr(i + 1 < text.size() ? i + 1 : text.size(), 2);
    if (text[i] == '%' && digits.size() == 2 && absl::SimpleHexAtoi(A(digits), &byte) &&
        absl::ascii_isxdigit(static_cast<unsigned char>(digits[0]))) {
      decoded += static_cast<char>(byte);
      i += kEscape - 1;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

bool IsNamePart(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// NAME=, with blanks before the sign, where NAME is a whole word.
bool Assigns(std::string_view text, std::string_view name) {
  for (std::size_t at = text.find(name); at != std::string_view::npos;
       at = text.find(name, at + 1)) {
    if (at > 0 && IsNamePart(text[at - 1])) continue;
    const absl::string_view rest =
        absl::StripLeadingAsciiWhitespace(A(text.substr(at + name.size())));
    if (absl::StartsWith(rest, "=")) return true;
  }
  return false;
}

// user:password@, with whatever is encoded in it.
bool InUserPart(std::string_view url) {
  const std::size_t authority = url.find("://");
  if (authority == std::string_view::npos) return false;
  std::string_view rest = url.substr(authority + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  const std::size_t at = rest.rfind('@');
  if (at == std::string_view::npos) return false;
  return PercentDecoded(rest.substr(0, at)).find(':') != std::string::npos;
}

}  // namespace

bool HasPassword(std::string_view url) {
  if (InUserPart(url)) return true;
  if (url.starts_with("sqlite:")) return false;  // the rest is a path
  const std::string plain = absl::AsciiStrToLower(PercentDecoded(url));
  for (const std::string_view name : kSecrets) {
    if (Assigns(plain, name)) return true;
  }
  return false;
}

absl::Status PasswordInUrl() {
  return absl::InvalidArgumentError(
      "a store URL with a password in it is not accepted: others can read it; put the password in"
      " ~/.pgpass (0600), in PGPASSWORD, or in a service file that PGSERVICE names");
}

}  // namespace shunt
