// A source that gives a text in pieces, cut as the text decides, and now and then has nothing. For
// targets: single-threaded, without a descriptor to poll.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "connectors/connector.h"
#include "tests/fuzz/fuzz.h"

namespace shunt::fuzz {

class PiecesSource final : public Connector {
 public:
  // Not in pieces: as much as is asked for.
  PiecesSource(std::string_view text, bool in_pieces, int exit_code)
      : exit_code_(exit_code), left_(text) {
    if (in_pieces) pieces_ = CutAnyhow(text);
  }

  IoResult ReadOutput(std::span<char> buffer) override {
    if (left_.empty()) {
      ended_ = true;
      return {IoState::kEnd, 0, 0};
    }
    std::size_t size = std::min(buffer.size(), left_.size());
    if (next_piece_ < pieces_.size()) {
      std::string_view& piece = pieces_[next_piece_];
      if (piece.size() % 4 == 3 && !std::exchange(blocked_, true)) return {};
      blocked_ = false;
      size = std::min(size, piece.size());
      piece.remove_prefix(size);
      if (piece.empty()) ++next_piece_;
    }
    left_.copy(buffer.data(), size);
    left_.remove_prefix(size);
    return {IoState::kBytes, size, 0};
  }
  IoResult ReadLog(std::span<char>) override { return {IoState::kEnd, 0, 0}; }
  IoResult WriteInput(std::span<const iovec>) override { return {IoState::kEnd, 0, 0}; }
  void CloseInput() override {}
  std::optional<ExitStatus> Exit() override {
    if (killed_) return ExitStatus{.code = {}, .signal = 15, .killed_by_us = true};
    if (!ended_) return std::nullopt;
    return ExitStatus{.code = exit_code_};
  }
  void Terminate() override { killed_ = true; }
  void Kill() override { killed_ = true; }

  bool read_to_the_end() const { return left_.empty(); }

 private:
  const int exit_code_;
  std::string_view left_;
  std::vector<std::string_view> pieces_;
  std::size_t next_piece_ = 0;
  bool blocked_ = false;
  bool ended_ = false;
  bool killed_ = false;
};

}  // namespace shunt::fuzz
