#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace hatchery::testing {

/// A bare TCP client that sends any bytes and reads what comes, with deadlines.
class RawClient {
public:
    /// From 127.0.0.`host`, to 127.0.0.1.
    explicit RawClient(std::uint16_t port, std::uint8_t host = 1);
    ~RawClient();
    RawClient(RawClient&& other) noexcept;
    RawClient& operator=(RawClient&&) = delete;

    /// False when the peer has closed.
    bool send(std::string_view bytes);
    /// Reads until `text` has come, the peer closes, or the time is over; returns all that is
    /// unread so far and forgets it.
    std::string read_until(std::string_view text,
                           std::chrono::milliseconds limit = std::chrono::seconds(5));
    /// One response with a Content-Length: head and body.
    std::string read_response(std::chrono::milliseconds limit = std::chrono::seconds(5));
    /// All until the peer closes; empty optional semantics: `closed()` tells whether it did.
    std::string read_all(std::chrono::milliseconds limit = std::chrono::seconds(5));
    [[nodiscard]] bool closed() const { return closed_; }
    /// Shuts the sending side.
    void end_sending();
    /// From now on this side drops whatever comes, without a word: as if its cable were cut. What
    /// the peer sends is never acknowledged.
    void vanish();

private:
    bool read_some(std::chrono::steady_clock::time_point deadline);

    int socket_ = -1;
    std::string unread_;
    bool closed_ = false;
};

/// The number after `HTTP/1.1 `; 0 for no response.
int status_of(std::string_view response);

}  // namespace hatchery::testing
