#include "api/front/event_stream.hpp"

#include <utility>

namespace hatchery::api::front {

bool EventStream::send(std::string_view bytes) {
    std::function<void()> wake;
    bool accepted = true;
    {
        const std::lock_guard lock(mutex_);
        if (finished_ || abandoned_) return false;
        if (queued_.size() + on_its_way_ + bytes.size() > hard_limit_bytes) {
            finished_ = true;
            accepted = false;
        } else {
            queued_.append(bytes);
        }
        wake = wake_;
    }
    if (wake) wake();
    return accepted;
}

bool EventStream::wants_more() const {
    const std::lock_guard lock(mutex_);
    return !finished_ && !abandoned_ && queued_.size() + on_its_way_ < soft_limit_bytes;
}

bool EventStream::closed() const {
    const std::lock_guard lock(mutex_);
    return finished_ || abandoned_;
}

void EventStream::finish() {
    std::function<void()> wake;
    {
        const std::lock_guard lock(mutex_);
        finished_ = true;
        wake = wake_;
    }
    if (wake) wake();
}

void EventStream::on_change(std::function<void()> callback) {
    const std::lock_guard lock(mutex_);
    on_change_ = std::move(callback);
}

void EventStream::attach(std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
}

std::string EventStream::take() {
    const std::lock_guard lock(mutex_);
    on_its_way_ = queued_.size();
    return std::exchange(queued_, {});
}

void EventStream::sent() {
    std::function<void()> changed;
    {
        const std::lock_guard lock(mutex_);
        on_its_way_ = 0;
        if (queued_.empty()) changed = on_change_;
    }
    if (changed) changed();
}

bool EventStream::finished() const {
    const std::lock_guard lock(mutex_);
    return finished_;
}

void EventStream::abandon() {
    std::function<void()> changed;
    {
        const std::lock_guard lock(mutex_);
        if (abandoned_) return;
        abandoned_ = true;
        queued_ = {};
        on_its_way_ = 0;
        wake_ = nullptr;
        changed = std::move(on_change_);
        on_change_ = nullptr;
    }
    if (changed) changed();
}

}  // namespace hatchery::api::front
