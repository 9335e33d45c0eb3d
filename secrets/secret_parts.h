// What of a secret is shown without the rest of it: printed without the blanks around it, its
// members when it is a document (the key file of a service account), the password of a URL, of
// `user:password` or of a connection string, the elements of a list, the lines of a PEM block, and
// all of these when the secret itself is written in an encoding (base64, percent, escapes).
//
// Names, addresses and common words in it are not secret and are left out; when in doubt a part is
// secret. Pure; thread-safe. Bounds: kSecretPartsMax parts of together twice the value's size and
// some, found in time linear in the value; of a value longer than kTakenApartBytesMax only that
// without blanks around it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace shunt {

inline constexpr std::size_t kSecretPartsMax = 1000;
inline constexpr std::size_t kTakenApartBytesMax = std::size_t{64} << 10;

// Distinct; none is empty or the value itself. Too short ones are left in.
std::vector<std::string> PartsOfSecret(std::string_view value);

}  // namespace shunt
