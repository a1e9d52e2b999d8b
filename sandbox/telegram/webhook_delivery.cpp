#include "sandbox/telegram/webhook_delivery.hpp"

#include <algorithm>
#include <utility>

namespace hatchery::sandbox::telegram {

WebhookDelivery::WebhookDelivery(BotWorld& world, std::shared_ptr<SandboxClock> clock,
                                 std::unique_ptr<WebhookTransport> transport)
    : world_(world), clock_(std::move(clock)), transport_(std::move(transport)) {
    world_.on_work([this] {
        const std::scoped_lock lock(mutex_);
        has_work_ = true;
        wake_.notify_all();
    });
}

WebhookDelivery::~WebhookDelivery() {
    world_.on_work({});
    stop();
}

void WebhookDelivery::pump() {
    for (auto& delivery : world_.take_deliveries()) {
        WebhookRequest request = std::move(delivery.request);
        delivery.request = {};
        transport_->send(std::move(request), [this, delivery](const WebhookAnswer& answer) {
            world_.finish_delivery(delivery, answer);
        });
    }
}

void WebhookDelivery::start() {
    thread_ = std::thread([this] { run(); });
}

void WebhookDelivery::stop() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
        wake_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
    transport_->stop();
}

void WebhookDelivery::run() {
    constexpr auto longest_sleep = std::chrono::microseconds(1'000'000);
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        has_work_ = false;
        lock.unlock();
        pump();
        const auto due = world_.next_delivery();
        const auto now = clock_->now();
        lock.lock();
        const auto sleep = due ? std::clamp<std::chrono::microseconds>(
                                     *due - now, std::chrono::milliseconds(1), longest_sleep)
                               : longest_sleep;
        wake_.wait_for(lock, sleep, [this] { return stopping_ || has_work_; });
    }
}

}  // namespace hatchery::sandbox::telegram
