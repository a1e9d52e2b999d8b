#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "ports/update_receiver.hpp"
#include "store/inbox_repository.hpp"
#include "web-hooks/hook_directory.hpp"

namespace hatchery::web_hooks {

/// Stores what Telegram posts before it is answered 200; the relay hands it on. The secret is
/// compared in constant time, and a public id that nobody has is compared with a secret too, so
/// that the time of an answer tells nothing. What it is given must outlive it. Thread-safe.
class Receiver final : public ports::UpdateReceiver {
public:
    Receiver(HookDirectory& directory, store::InboxRepository& inbox, base::Clock& clock)
        : directory_(directory), inbox_(inbox), clock_(clock) {}

    [[nodiscard]] ports::HookAnswer receive(std::string_view public_id,
                                            std::string_view secret_header,
                                            std::string_view body) override;
    [[nodiscard]] bool remembers(std::string_view public_id) const override {
        return directory_.remembers(std::string(public_id));
    }

private:
    /// The bot whose secret this is; `unauthorized` when it is another one.
    [[nodiscard]] base::Result<HookBot> authenticate(const std::string& public_id,
                                                     const std::string& secret);

    HookDirectory& directory_;
    store::InboxRepository& inbox_;
    base::Clock& clock_;
};

}  // namespace hatchery::web_hooks
