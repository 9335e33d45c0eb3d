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

  std::vector<uint32_t> Run() {
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
      if (secret && !tree_[node].is(JsonType::kNull)) secrets_.push_back(node);
      return;
    }
    const bool object = tree_[node].is(JsonType::kObject);
    std::size_t index = 0;
    tree_.ForEachChild(node, [&](uint32_t child) {
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
  std::vector<uint32_t> secrets_;
  std::vector<uint64_t> visited_;  // by schema: the last Close that saw it
  uint64_t visit_ = 0;
  std::size_t steps_ = 0;
};

}  // namespace

std::vector<uint32_t> SecretsBySchema(const SchemaSet& schemas, const JsonTree& config) {
  return SchemaWalk(schemas, config).Run();
}

std::vector<uint32_t> SecretsByName(const JsonTree& config) {
  std::vector<uint32_t> secrets;
  uint32_t secret_end = 0;  // nodes before it stand below a key that sounds secret
  const std::vector<JsonTree::Node>& nodes = config.nodes();
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    if (SoundsSecret(nodes[i].key)) secret_end = std::max(secret_end, nodes[i].next);
    const bool value = !IsContainer(nodes[i]) && !nodes[i].is(JsonType::kNull);
    if (value && i < secret_end) secrets.push_back(i);
  }
  return secrets;
}

std::vector<std::string> SecretTexts(const JsonTree& config, const std::vector<uint32_t>& secrets) {
  std::vector<std::string> texts;
  std::unordered_set<std::string> seen;
  for (const uint32_t secret : secrets) {
    const JsonTree::Node& node = config[secret];
    std::string text;
    if (node.is(JsonType::kString)) {
      AppendUnescaped(node.text.substr(1, node.text.size() - 2), LoneSurrogate::kKeep, &text);
    } else if (node.is(JsonType::kNumber)) {
      text = node.text;
    }
    if (!text.empty() && seen.insert(text).second) texts.push_back(std::move(text));
  }
  return texts;
}

std::string MaskSecrets(std::string_view text, const JsonTree& config,
                        const std::vector<uint32_t>& secrets) {
  std::string masked;
  std::size_t done = 0;
  for (const uint32_t secret : secrets) {
    const std::string_view value = config[secret].text;
    const auto begin = static_cast<std::size_t>(value.data() - text.data());
    masked.append(text.substr(done, begin - done));
    masked.append("\"").append(kSecretMask).append("\"");
    done = begin + value.size();
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

}  // namespace shunt
