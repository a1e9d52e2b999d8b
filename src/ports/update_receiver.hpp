#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace hatchery::ports {

/// What Telegram is answered.
struct HookAnswer {
    int status = 200;
    /// For `Retry-After`, which Telegram honours up to an hour.
    std::optional<std::chrono::seconds> retry_after;
};

/// Takes Telegram's updates in. Thread-safe; blocks for one short transaction.
class UpdateReceiver {
public:
    virtual ~UpdateReceiver() = default;
    /// `secret_header` is the value of X-Telegram-Bot-Api-Secret-Token, empty when absent.
    /// 200: stored (or stored before); 400: not an update; 401: wrong secret; 404: no such bot;
    /// 413: too long; 503: not stored, come again.
    [[nodiscard]] virtual HookAnswer receive(std::string_view public_id,
                                             std::string_view secret_header,
                                             std::string_view body) = 0;
    /// Whether a bot with this public id was found before, by this process; asks nobody.
    [[nodiscard]] virtual bool remembers(std::string_view public_id) const = 0;
};

}  // namespace hatchery::ports
