#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "sandbox/telegram/bot_world.hpp"
#include "sandbox/telegram/sandbox_clock.hpp"
#include "sandbox/telegram/webhook_transport.hpp"

namespace hatchery::sandbox::telegram {

/// Carries updates from the world to the bots' webhooks when they are due.
class WebhookDelivery {
public:
    WebhookDelivery(BotWorld& world, std::shared_ptr<SandboxClock> clock,
                    std::unique_ptr<WebhookTransport> transport);
    /// Stops.
    ~WebhookDelivery();
    WebhookDelivery(const WebhookDelivery&) = delete;
    WebhookDelivery& operator=(const WebhookDelivery&) = delete;

    /// Sends everything that is due now. The thread does it by itself; a test without the thread
    /// calls it.
    void pump();
    /// Starts the thread that waits for due updates.
    void start();
    /// Ends running calls and joins the threads. May be called twice.
    void stop();

private:
    void run();

    BotWorld& world_;
    std::shared_ptr<SandboxClock> clock_;
    std::unique_ptr<WebhookTransport> transport_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool has_work_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace hatchery::sandbox::telegram
