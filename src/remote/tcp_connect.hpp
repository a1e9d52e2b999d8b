#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "remote/call_wait.hpp"
#include "remote/unique_fd.hpp"

namespace hatchery::remote {

/// A connected, non-blocking TCP socket with TCP_NODELAY, and keep-alive probes that find a dead
/// peer within about 45 seconds. A host that is a name is looked up first, and that look-up alone
/// is not bounded by the call; servers are addressed by number. `unavailable`, `timeout`,
/// `cancelled`, `invalid`, with Effect::none.
[[nodiscard]] base::Result<UniqueFd> tcp_connect(const std::string& host, std::uint16_t port,
                                                 const CallWait& wait);

/// Has the kernel acknowledge at once; it falls back by itself, so set it before each wait. Saves
/// 40 ms where sshd's Nagle algorithm waits for our acknowledgement.
void quick_ack(int fd);

}  // namespace hatchery::remote
