#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "sandbox/telegram/sandbox_clock.hpp"
#include "sandbox/web/web_service.hpp"

namespace hatchery::sandbox {

struct TelegramServiceOptions {
    /// The clock of retries, expiry and long polls; the machine's own when empty.
    std::shared_ptr<SandboxClock> clock;
    /// Connections served at the same time. Long polls and open keep-alive connections hold one
    /// each, idle ones too, so this bounds the number of clients.
    int max_connections = 512;
    /// How long one webhook call may take.
    std::chrono::milliseconds webhook_timeout{60'000};
};

/// Telegram's Bot API with a chat page at `/` and routes below `/sandbox/` to speak as a user.
/// Everything lives in memory. Routes and behaviour: sandbox/telegram/README.md.
/// The base URL is Telegram's api root.
class TelegramService final : public WebService {
public:
    explicit TelegramService(TelegramServiceOptions options = {});

private:
    class Impl;
};

}  // namespace hatchery::sandbox
