#include "protocol/token_walk.h"

#include "protocol/json_lexemes.h"

namespace shunt {

const uint32_t* WalkTokens(const char* base, const char* end, const uint32_t* token,
                           const uint32_t* last, int floor, TokenWalk* walk) {
  int depth = walk->depth;
  bool object = walk->objects[static_cast<std::size_t>(depth)];
  ExpectToken expect = walk->expect;
  switch (expect) {
    case ExpectToken::kStart:
      return nullptr;
    case ExpectToken::kKeyOrEnd:
    case ExpectToken::kValueOrEnd:
      goto first;
    case ExpectToken::kKey:
      goto key;
    case ExpectToken::kColon:
      goto colon;
    case ExpectToken::kValue:
      goto value;
    case ExpectToken::kNext:
      goto next;
  }

first:
  expect = object ? ExpectToken::kKeyOrEnd : ExpectToken::kValueOrEnd;
  if (token == last) goto stop;
  if (base[*token] == (object ? '}' : ']')) goto close;
  if (!object) goto value;

key:
  expect = ExpectToken::kKey;
  if (token == last) goto stop;
  if (base[*token++] != '"') return nullptr;

colon:
  expect = ExpectToken::kColon;
  if (token == last) goto stop;
  if (base[*token++] != ':') return nullptr;

value:
  expect = ExpectToken::kValue;
  if (token == last) goto stop;
  {
    const char* const p = base + *token++;
    if (*p != '"') {
      if (*p == '{' || *p == '[') {
        if (depth == kDepthMax) return nullptr;
        object = *p == '{';
        walk->objects[static_cast<std::size_t>(++depth)] = object;
        goto first;
      }
      if (!CheckBareScalar(p, end)) return nullptr;
    }
  }

next:
  expect = ExpectToken::kNext;
  if (token == last) goto stop;
  {
    const char c = base[*token];
    if (c == ',') {
      ++token;
      if (object) goto key;
      goto value;
    }
    if (c != (object ? '}' : ']')) return nullptr;
  }

close:
  if (depth == floor) goto stop;
  ++token;
  object = walk->objects[static_cast<std::size_t>(--depth)];
  goto next;

stop:
  walk->depth = depth;
  walk->expect = expect;
  return token;
}

const uint32_t* WalkTokensRelaxed(const char* base, const char* end, const uint32_t* token,
                                  const uint32_t* last, int floor, TokenWalk* walk) {
  for (; token != last; ++token) {
    const char* const p = base + *token;
    switch (*p) {
      case '{':
      case '[':
        if (walk->depth == kDepthMax) return nullptr;
        walk->objects[static_cast<std::size_t>(++walk->depth)] = *p == '{';
        break;
      case '}':
      case ']':
        if (walk->objects[static_cast<std::size_t>(walk->depth)] != (*p == '}')) return nullptr;
        if (walk->depth == floor) return token;
        --walk->depth;
        break;
      case ',':
      case ':':
      case '"':
        break;
      default:
        if (!CheckBareWord(p, end)) return nullptr;
    }
  }
  return token;
}

}  // namespace shunt
