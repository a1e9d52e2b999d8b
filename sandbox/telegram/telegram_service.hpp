#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "sandbox/telegram/sandbox_clock.hpp"

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
class TelegramService {
public:
    explicit TelegramService(TelegramServiceOptions options = {});
    /// Stops the service.
    ~TelegramService();
    TelegramService(const TelegramService&) = delete;
    TelegramService& operator=(const TelegramService&) = delete;

    /// Listens on `host`:`port` (0: any free port) and returns once connections are accepted.
    /// False, with a sentence in `error`, when the address cannot be had.
    bool start(const std::string& host, int port, std::string& error);
    /// The port it listens on; 0 before start().
    [[nodiscard]] int port() const;
    /// "http://host:port" without a slash at the end: Telegram's api root.
    [[nodiscard]] std::string base_url() const;
    /// Ends long polls and webhook calls and joins all threads. May be called twice.
    void stop();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace hatchery::sandbox
