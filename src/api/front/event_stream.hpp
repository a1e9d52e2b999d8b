#pragma once

#include <functional>
#include <mutex>
#include <string>

namespace hatchery::api::front {

/// A server-sent event stream on its way to one reader: bytes go in on one side, the connection
/// takes them out on the other. Thread-safe. Memory is bounded: whoever feeds it asks `wants_more`
/// first; a stream that is fed on regardless is cut at `hard_limit_bytes`.
class EventStream {
public:
    static constexpr std::size_t soft_limit_bytes = 64U << 10U;
    static constexpr std::size_t hard_limit_bytes = 1U << 20U;

    /// Queues bytes. False when the stream has ended, or ends now because the reader is too slow.
    bool send(std::string_view bytes);
    /// Whether the reader keeps up, so that more can be sent.
    [[nodiscard]] bool wants_more() const;
    [[nodiscard]] bool closed() const;
    /// The feeder's end: what is queued is still sent.
    void finish();
    /// Called, without locks held, when the reader has caught up or the stream has ended. Must be
    /// quick. Set it before the stream is handed to the front.
    void on_change(std::function<void()> callback);

    // The connection's side.

    /// `wake` is called whenever there is something to take; from any thread.
    void attach(std::function<void()> wake);
    /// Everything queued; counts as on its way until `sent`.
    [[nodiscard]] std::string take();
    void sent();
    [[nodiscard]] bool finished() const;
    /// The connection is gone.
    void abandon();

private:
    mutable std::mutex mutex_;
    std::string queued_;
    std::size_t on_its_way_ = 0;
    bool finished_ = false;
    bool abandoned_ = false;
    std::function<void()> wake_;
    std::function<void()> on_change_;
};

}  // namespace hatchery::api::front
