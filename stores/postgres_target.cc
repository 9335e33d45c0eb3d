#include "stores/postgres_target.h"

#include <map>
#include <memory>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "stores/url_password.h"

namespace shunt {
namespace {

using Options = std::map<std::string, std::string>;

// The options that have a value. `list` is freed.
Options Take(const Libpq& libpq, PQconninfoOption* list) {
  Options options;
  for (const PQconninfoOption* option = list; option != nullptr && option->keyword != nullptr;
       ++option) {
    if (option->val != nullptr) options.emplace(option->keyword, option->val);
  }
  libpq.PQconninfoFree(list);
  return options;
}

// From the environment (PGHOST, PGSSLMODE, ...) and the service that it names. PQconndefaults also
// gives libpq's built-in defaults, so an sslmode counts only when it is not libpq's own.
std::string DefaultOf(const Options& defaults, const std::string& name) {
  const auto found = defaults.find(name);
  return found == defaults.end() ? "" : found->second;
}

// An address of 127.0.0.0/8 in four numbers, and nothing that only begins like one: a name such as
// 127.evil.example is for the owner of evil.example to say where it leads.
bool IsLoopbackAddress(absl::string_view host) {
  constexpr int kOctets = 4;
  constexpr int kOctetMax = 255;
  constexpr int kLoopback = 127;
  const std::vector<absl::string_view> parts = absl::StrSplit(host, '.');
  if (parts.size() != kOctets) return false;
  for (const absl::string_view part : parts) {
    int octet = 0;
    const bool digits = part.find_first_not_of("0123456789") == absl::string_view::npos;
    if (!digits || !absl::SimpleAtoi(part, &octet) || octet > kOctetMax) return false;
    if (part.data() == host.data() && octet != kLoopback) return false;
  }
  return true;
}

// A socket directory, an abstract socket, or a name of this machine. Several are joined by commas.
bool IsLocal(const std::string& hosts) {
  for (const absl::string_view host : absl::StrSplit(hosts, ',')) {
    const bool socket = host.empty() || host.front() == '/' || host.front() == '@';
    const bool loopback = host == "localhost" || host == "::1" || IsLoopbackAddress(host);
    if (!socket && !loopback) return false;
  }
  return true;
}

constexpr std::string_view kLibpqSslmode = "prefer";

bool MustVerifyTls(const Libpq& libpq, const Options& given) {
  if (given.contains("sslmode") || given.contains("service")) return false;
  const Options defaults = Take(libpq, libpq.PQconndefaults());
  const std::string environment = DefaultOf(defaults, "sslmode");
  if (!environment.empty() && environment != kLibpqSslmode) return false;
  for (const char* name : {"hostaddr", "host"}) {
    const auto named = given.find(name);
    if (!IsLocal(named != given.end() ? named->second : DefaultOf(defaults, name))) return true;
  }
  return false;
}

// Percent-encoding of everything that is not plain in a URL.
std::string Escaped(const std::string& text, std::string_view plain) {
  std::string escaped;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
        plain.find(c) != std::string_view::npos) {
      escaped += c;
    } else {
      absl::StrAppend(&escaped, "%", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
    }
  }
  return escaped;
}

std::string ShownUrl(const Options& options) {
  const std::string host = DefaultOf(options, "host");
  const std::string user = DefaultOf(options, "user");
  const std::string port = DefaultOf(options, "port");
  std::string url = "postgresql://";
  if (!user.empty()) absl::StrAppend(&url, Escaped(user, "-_.~"), "@");
  const bool socket = host.starts_with('/');
  if (!socket) url += Escaped(host, "-_.~,:[]");
  if (!port.empty()) absl::StrAppend(&url, ":", port);
  absl::StrAppend(&url, "/", Escaped(DefaultOf(options, "dbname"), "-_.~"));
  if (socket) absl::StrAppend(&url, "?host=", Escaped(host, "-_.~/"));
  return url;
}

}  // namespace

bool IsPostgresUrl(std::string_view url) {
  return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

absl::StatusOr<PostgresTarget> ParsePostgresUrl(const Libpq& libpq, std::string_view url) {
  if (HasPassword(url)) return PasswordInUrl();
  if (url.find('\0') != std::string_view::npos) {
    return absl::InvalidArgumentError("the store's URL has a zero byte in it");
  }
  char* error = nullptr;
  PQconninfoOption* const parsed = libpq.PQconninfoParse(std::string(url).c_str(), &error);
  if (error != nullptr) libpq.PQfreemem(error);  // it may quote what stands in the URL
  if (parsed == nullptr) {
    return absl::InvalidArgumentError(
        "the store's URL is not understood; it is postgresql://[user@][host][:port]/[database]"
        "[?parameter=value&...]");
  }
  Options options = Take(libpq, parsed);
  // libpq takes anything for a port; what stands there by mistake may be a password.
  if (DefaultOf(options, "port").find_first_not_of("0123456789,") != std::string::npos) {
    return absl::InvalidArgumentError(
        "the port in the store's URL is no number (a password belongs in ~/.pgpass)");
  }
  PostgresTarget target;
  target.url = ShownUrl(options);
  target.verified_tls = MustVerifyTls(libpq, options);
  if (target.verified_tls) options["sslmode"] = "verify-full";
  // A peer that vanished without a word is noticed by the kernel, too.
  options.emplace("fallback_application_name", "shunt");
  options.emplace("keepalives_idle", "10");
  options.emplace("keepalives_interval", "5");
  options.emplace("keepalives_count", "3");
  target.options.assign(options.begin(), options.end());
  return target;
}

}  // namespace shunt
