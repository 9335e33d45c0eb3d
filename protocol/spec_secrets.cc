#include "protocol/spec_secrets.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "protocol/json_text.h"
#include "protocol/spec.h"

namespace shunt {
namespace {

constexpr std::size_t kStepsMax = kValidationStepsMax;

// What is left of a secret-sounding key without its separators, in lower case.
constexpr std::array<std::string_view, 19> kSecretWords = {
    "password",         "passwd",     "passphrase", "pwd",        "secret",        "token",
    "apikey",           "privatekey", "accesskey",  "credential", "authkey",       "authorization",
    "bearer",           "cookie",     "sshkey",     "signingkey", "encryptionkey", "serviceaccount",
    "connectionstring",
};

bool IsContainer(const JsonTree::Node& node) {
  return node.is(JsonType::kObject) || node.is(JsonType::kArray);
}

// Walks a config together with all schemas that may apply at each place, chosen alternative or not.
class SchemaWalk {
 public:
  SchemaWalk(const SchemaSet& schemas, const JsonTree& tree)
      : schemas_(schemas), tree_(tree), visited_(schemas.schemas().size()) {}

  SecretNodes Run() {
    Walk(0, {0}, false);
    return std::move(secrets_);
  }

 private:
  using Set = std::vector<int32_t>;

  // All that `schemas` say about the same place: refs, combinations, conditions. True when one of
  // them marks the place secret.
  bool Close(Set* schemas) {
    bool secret = false;
    ++visit_;
    Set todo;
    std::swap(todo, *schemas);
    while (!todo.empty()) {
      const int32_t index = todo.back();
      todo.pop_back();
      if (index == Schema::kNone) continue;
      uint64_t& visited = visited_[static_cast<std::size_t>(index)];
      if (visited == visit_) continue;
      visited = visit_;
      ++steps_;
      schemas->push_back(index);
      const Schema& schema = schemas_[index];
      secret = secret || schema.secret;
      for (const auto* list : {&schema.all_of, &schema.any_of, &schema.one_of, &schema.unchecked}) {
        todo.insert(todo.end(), list->begin(), list->end());
      }
      for (const int32_t part :
           {schema.ref, schema.negated, schema.condition, schema.then_schema, schema.else_schema}) {
        todo.push_back(part);
      }
      for (const Schema::Dependency& dependency : schema.dependencies) {
        todo.push_back(dependency.schema);
      }
    }
    return secret;
  }

  void Walk(uint32_t node, Set schemas, bool secret) {
    const bool marked = !secret && Close(&schemas);
    secret = secret || marked || steps_ > kStepsMax;
    if (secret) schemas.clear();
    if (!IsContainer(tree_[node])) {
      if (secret && !tree_[node].is(JsonType::kNull)) secrets_.values.push_back(node);
      return;
    }
    const bool object = tree_[node].is(JsonType::kObject);
    std::size_t index = 0;
    tree_.ForEachChild(node, [&](uint32_t child) {
      if (object && IsTokenKey(tree_[child].key, secret)) secrets_.keys.push_back(child);
      Set below;
      for (const int32_t schema : schemas) {
        if (object) {
          AddMemberSchemas(schemas_[schema], tree_[child].key, &below);
        } else {
          AddItemSchemas(schemas_[schema], index, &below);
        }
      }
      Walk(child, std::move(below), secret);
      ++index;
    });
  }

  void AddMemberSchemas(const Schema& schema, std::string_view key, Set* out) {
    steps_ += 1 + StepsOf(key.size());
    bool known = false;
    if (const auto property = schema.properties.find(key); property != schema.properties.end()) {
      out->push_back(property->second);
      known = true;
    }
    for (const Schema::PatternProperty& property : schema.pattern_properties) {
      // A pattern that RE2 cannot take may match anything.
      const bool unknown = property.pattern == nullptr;
      steps_ += unknown ? 1 : StepsOf(*property.pattern, key);
      if (steps_ > kStepsMax) return;  // then all of it is secret
      if (unknown || property.pattern->Matches(key)) {
        out->push_back(property.schema);
        known = known || !unknown;
      }
    }
    if (!known) out->push_back(schema.additional_properties);
  }

  void AddItemSchemas(const Schema& schema, std::size_t index, Set* out) {
    ++steps_;
    out->push_back(schema.contains);
    if (!schema.tuple) {
      out->push_back(schema.items);
    } else {
      const bool listed = index < schema.tuple->size();
      out->push_back(listed ? (*schema.tuple)[index] : schema.additional_items);
    }
  }

  const SchemaSet& schemas_;
  const JsonTree& tree_;
  SecretNodes secrets_;
  std::vector<uint64_t> visited_;  // by schema: the last Close that saw it
  uint64_t visit_ = 0;
  std::size_t steps_ = 0;
};

// The key of a member with its quotes, as it stands in `text` before the member's value.
std::string_view KeyBefore(std::string_view text, std::string_view value) {
  const std::string_view before =
      text.substr(0, static_cast<std::size_t>(value.data() - text.data()));
  const std::size_t end = before.rfind('"');
  std::size_t begin = end;
  for (bool escaped = true; escaped;) {
    begin = before.rfind('"', begin - 1);
    const std::size_t plain = before.find_last_not_of('\\', begin - 1);
    escaped = (begin - plain) % 2 == 0;
  }
  return before.substr(begin, end + 1 - begin);
}

}  // namespace

SecretNodes SecretsBySchema(const SchemaSet& schemas, const JsonTree& config) {
  return SchemaWalk(schemas, config).Run();
}

SecretNodes SecretsByName(const JsonTree& config) {
  SecretNodes secrets;
  uint32_t secret_end = 0;  // nodes before it stand below a key that sounds secret
  const std::vector<JsonTree::Node>& nodes = config.nodes();
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    if (IsTokenKey(nodes[i].key, i < secret_end)) secrets.keys.push_back(i);
    if (SoundsSecret(nodes[i].key)) secret_end = std::max(secret_end, nodes[i].next);
    const bool value = !IsContainer(nodes[i]) && !nodes[i].is(JsonType::kNull);
    if (value && i < secret_end) secrets.values.push_back(i);
  }
  return secrets;
}

std::set<std::string, std::less<>> SecretKeys(const SchemaSet& set) {
  const std::vector<Schema>& schemas = set.schemas();
  const auto secret = [&](int32_t index) {
    return index != Schema::kNone && schemas[static_cast<std::size_t>(index)].secret;
  };
  std::set<std::string, std::less<>> keys;
  for (const Schema& schema : schemas) {
    for (const auto& [key, value] : schema.properties) {
      if (value == Schema::kNone) continue;  // it is no schema
      if (secret(value) || secret(schemas[static_cast<std::size_t>(value)].ref)) keys.insert(key);
    }
  }
  return keys;
}

std::vector<std::string> SecretTexts(const JsonTree& config, const SecretNodes& secrets) {
  std::vector<std::string> texts;
  std::unordered_set<std::string> seen;
  const auto add = [&](std::string text) {
    if (!text.empty() && seen.insert(text).second) texts.push_back(std::move(text));
  };
  for (const uint32_t secret : secrets.values) {
    const JsonTree::Node& node = config[secret];
    std::string text;
    if (node.is(JsonType::kString)) {
      AppendUnescaped(node.text.substr(1, node.text.size() - 2), LoneSurrogate::kKeep, &text);
    } else if (node.is(JsonType::kNumber)) {
      text = node.text;
    }
    add(std::move(text));
  }
  for (const uint32_t member : secrets.keys) add(std::string(config[member].key));
  return texts;
}

std::string MaskSecrets(std::string_view text, const JsonTree& config, const SecretNodes& secrets) {
  std::vector<std::string_view> parts;
  for (const uint32_t secret : secrets.values) parts.push_back(config[secret].text);
  for (const uint32_t member : secrets.keys) parts.push_back(KeyBefore(text, config[member].text));
  std::sort(parts.begin(), parts.end(),
            [](std::string_view a, std::string_view b) { return a.data() < b.data(); });
  std::string masked;
  std::size_t done = 0;
  for (const std::string_view part : parts) {
    const auto begin = static_cast<std::size_t>(part.data() - text.data());
    masked.append(text.substr(done, begin - done));
    masked.append("\"").append(kSecretMask).append("\"");
    done = begin + part.size();
  }
  return masked.append(text.substr(done));
}

bool SoundsSecret(std::string_view key) {
  std::string plain;
  for (const char c : key) {
    if (c >= 'A' && c <= 'Z') {
      plain += static_cast<char>(c - 'A' + 'a');
    } else if (c != '_' && c != '-' && c != ' ' && c != '.') {
      plain += c;
    }
  }
  return std::any_of(kSecretWords.begin(), kSecretWords.end(),
                     [&](std::string_view word) { return plain.find(word) != std::string::npos; });
}

namespace {

// Letters with a few digits among them: "x509", "oauth2", "base64key", "7".
bool IsNameWord(std::string_view word) {
  constexpr std::size_t kDigitsMax = 3;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const std::size_t letters =
      static_cast<std::size_t>(std::find_if(word.begin(), word.end(), is_digit) - word.begin());
  std::size_t end = letters;
  while (end < word.size() && is_digit(word[end])) ++end;
  if (end - letters > kDigitsMax || (letters == 0 && end < word.size())) return false;
  return std::none_of(word.begin() + static_cast<std::ptrdiff_t>(end), word.end(), is_digit);
}

}  // namespace

bool IsTokenKey(std::string_view key, bool below_secret) {
  constexpr std::size_t kBytesMin = 8, kLongWordMin = 16, kLettersMin = 3, kDigitsMin = 5;
  constexpr std::string_view kNeverInNames = "/+=@!#%&*\\^~";
  if (key.size() < kBytesMin || key.find(' ') != std::string_view::npos) return false;
  if (below_secret && key.find_first_of(kNeverInNames) != std::string_view::npos) return true;
  std::size_t all_digits = 0;
  for (std::size_t at = 0; at < key.size();) {
    const std::size_t begin = at;
    std::size_t digits = 0, letters = 0;
    for (; at < key.size(); ++at) {
      const bool digit = key[at] >= '0' && key[at] <= '9';
      if (!digit && ((key[at] | 0x20) < 'a' || (key[at] | 0x20) > 'z')) break;
      ++(digit ? digits : letters);
    }
    all_digits += digits;
    if (below_secret && !IsNameWord(key.substr(begin, at - begin))) return true;
    if (at - begin >= kLongWordMin && letters >= kLettersMin && digits >= kDigitsMin) return true;
    ++at;
  }
  return below_secret && all_digits >= kDigitsMin;
}

}  // namespace shunt
