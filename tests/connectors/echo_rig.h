// EchoRig: a connector whose other side gives back every byte it gets, whatever the connector is
// made of. What is fed in comes out of ReadOutput.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "connectors/connector.h"
#include "platform/check.h"

namespace shunt {

class EchoRig {
 public:
  virtual ~EchoRig() = default;

  virtual Connector& connector() = 0;

  // For a connector with an input that is the way in; a source has one behind its back.
  virtual IoResult Feed(std::string_view bytes) {
    SHUNT_CHECK(!bytes.empty());
    const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    return connector().WriteInput(std::span(&part, 1));
  }
  virtual int feed_fd() { return connector().input_fd(); }
  virtual void EndFeed() { connector().CloseInput(); }

  virtual void KillPeer() {}  // of those that have another process, which can die
};

using MakeEchoRig = std::unique_ptr<EchoRig> (*)();

}  // namespace shunt
