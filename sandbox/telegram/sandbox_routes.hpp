#pragma once

#include <optional>

#include "sandbox/telegram/bot_world.hpp"
#include "sandbox/web/web_server.hpp"

namespace hatchery::sandbox::telegram {

/// Answers the routes below /sandbox/, with which people and tests speak, listen and misbehave.
class SandboxRoutes {
public:
    explicit SandboxRoutes(BotWorld& world) : world_(world) {}
    [[nodiscard]] WebResponse handle(const WebRequest& request);

private:
    WebResponse speak(const WebRequest& request);
    WebResponse press(const WebRequest& request);
    WebResponse listen(const WebRequest& request);
    WebResponse put_faults(const WebRequest& request);
    WebResponse revoke(const WebRequest& request);

    BotWorld& world_;
};

}  // namespace hatchery::sandbox::telegram
