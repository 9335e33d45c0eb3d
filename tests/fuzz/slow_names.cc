#include "tests/fuzz/slow_names.h"

#include <algorithm>
#include <optional>

#include "tests/fuzz/slow_json.h"

namespace shunt::fuzz {
namespace {

constexpr char kNastyPrefix[] = "\"\n\\u0070\xC3\xA9 ";
constexpr std::string_view kBlanks = " \t\r\n\f\v";

struct Cut {
  std::size_t begin, end;
  std::string_view text;  // in its place
};

class NameFinder {
 public:
  explicit NameFinder(std::string_view line) : line_(line) {}

  // The stream that `object` names under `key` and "namespace"; nothing when that is no stream.
  void Look(const SlowValue& object, std::string_view key) {
    const SlowMember* name = nullptr;
    const SlowMember* name_space = nullptr;
    for (const SlowMember& member : object.members) {
      const auto text = SlowString(member.raw_key);
      const SlowMember** const slot = text == key           ? &name
                                      : text == "namespace" ? &name_space
                                                            : nullptr;
      if (slot == nullptr) continue;
      if (*slot != nullptr) return;  // twice: whoever reads it has to choose
      *slot = &member;
    }
    StreamDescriptor stream;
    if (name == nullptr || !ReadName(name->value, &stream.name)) return;
    if (name_space != nullptr && !name_space->value.is('n') &&
        !ReadName(name_space->value, &stream.name_space.emplace())) {
      return;
    }
    cuts.push_back({At(name->value.text), End(name->value), "\"\""});
    if (name_space != nullptr) CutMember(object, *name_space);
    names.push_back(std::move(stream));
  }

  void LookIntoState(const SlowValue& stream_state) {
    for (const SlowValue* descriptor : stream_state.All("stream_descriptor")) {
      if (descriptor->is('{')) Look(*descriptor, "name");
    }
  }

  std::vector<Cut> cuts;
  std::vector<StreamDescriptor> names;

 private:
  std::size_t At(std::string_view part) const {
    return static_cast<std::size_t>(part.data() - line_.data());
  }
  std::size_t End(const SlowValue& value) const { return At(value.text) + value.text.size(); }

  static bool ReadName(const SlowValue& value, std::string* out) {
    const auto text = value.is('"') ? SlowString(value.raw_string()) : std::nullopt;
    if (text) *out = *text;
    return text.has_value();
  }

  // The first member goes with the comma behind it, others with the one in front.
  void CutMember(const SlowValue& object, const SlowMember& member) {
    const auto number = static_cast<std::size_t>(&member - object.members.data());
    std::size_t begin = At(member.raw_key) - 1, end = End(member.value);
    if (number > 0) {
      begin = End(object.members[number - 1].value);
    } else if (object.members.size() > 1) {
      end = At(object.members[1].raw_key) - 1;
    }
    cuts.push_back({begin, end, ""});
  }

  const std::string_view line_;
};

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(kBlanks) == std::string_view::npos;
}

}  // namespace

NamelessLine WithoutNames(std::string_view line) {
  NameFinder finder(line);
  const auto message = ReadSlow(line);
  if (!message) return {std::string(line), {}};
  const SlowValue* const type = message->First("type");
  const bool is_record = type != nullptr && type->text == "\"RECORD\"";
  const SlowValue* const record = is_record ? message->First("record") : nullptr;
  const SlowValue* const state = is_record ? nullptr : message->First("state");
  if (record != nullptr) finder.Look(*record, "stream");
  if (state != nullptr) {
    for (const SlowValue* stream : state->All("stream")) finder.LookIntoState(*stream);
    for (const SlowValue* global : state->All("global")) {
      for (const SlowValue* list : global->All("stream_states")) {
        // What follows something that is no object is not looked at.
        for (const SlowValue& element : list->elements) {
          if (!element.is('{')) break;
          finder.LookIntoState(element);
        }
      }
    }
  }
  std::sort(finder.cuts.begin(), finder.cuts.end(),
            [](const Cut& a, const Cut& b) { return a.begin < b.begin; });
  NamelessLine nameless;
  std::size_t done = 0;
  for (const Cut& cut : finder.cuts) {
    nameless.rest.append(line.substr(done, cut.begin - done)).append(cut.text);
    done = cut.end;
  }
  nameless.rest.append(line.substr(done));
  nameless.names = std::move(finder.names);
  return nameless;
}

NameMapping SlowNames::settings() const {
  switch (variant_) {
    case 1:
      return {.prefix = "p_"};
    case 2:
      return {.prefix = kNastyPrefix};
    case 3:
      return {.definition = NamespaceDefinition::kCustom,
              .format = "n_${SOURCE_NAMESPACE}",
              .prefix = "p_"};
    case 4:
      return {.definition = NamespaceDefinition::kDestination};
    default:
      return {};
  }
}

StreamDescriptor SlowNames::Map(const StreamDescriptor& stream) const {
  StreamDescriptor mapped = stream;
  if (variant_ == 1 || variant_ == 3) mapped.name.insert(0, "p_");
  if (variant_ == 2) mapped.name.insert(0, kNastyPrefix);
  if (variant_ == 4) mapped.name_space.reset();
  if (variant_ == 3) {
    const std::string old = stream.name_space.value_or("");
    mapped.name_space = IsBlank(old) ? "n_" : "n_" + old;
  }
  return mapped;
}

bool SlowNames::IsMapped(std::string_view line, std::string_view received) const {
  if (identity()) return line == received;
  NamelessLine mapped = WithoutNames(line);
  for (StreamDescriptor& name : mapped.names) name = Map(name);
  const NamelessLine got = WithoutNames(received);
  return mapped.rest == got.rest && mapped.names == got.names;
}

}  // namespace shunt::fuzz
