#pragma once

#include <string>
#include <string_view>

#include "fuzz.hpp"
#include "ports/http_transport.hpp"

namespace hatchery::fuzz {

/// Answers requests with what the fuzzer wrote, one answer after the other. An answer is a line
/// with the status, lines `name: value`, and the body up to a line with three dashes. When there
/// are no more the connection fails, so that lists of pages end.
class ScriptedTransport final : public ports::HttpTransport {
public:
    explicit ScriptedTransport(std::string_view script) : rest_(script) {}

    base::Result<ports::HttpResponse> send(const ports::HttpRequest& request,
                                           const base::Call&) override {
        must(request.url.find_first_of(std::string_view(" \r\n\t\0", 5)) == std::string::npos,
             "a URL is one word");
        if (rest_.empty()) {
            return base::fail(
                {.kind = base::ErrorKind::unavailable, .effect = base::Effect::unknown});
        }
        ports::HttpResponse response{.status = status(take_line(rest_)), .headers = {}, .body = {}};
        for (auto line = take_line(rest_); !line.empty(); line = take_line(rest_)) {
            const auto colon = line.find(": ");
            if (colon == std::string_view::npos) continue;
            response.headers[std::string(line.substr(0, colon))] = line.substr(colon + 2);
        }
        const auto end = rest_.find("\n---\n");
        response.body = rest_.substr(0, end);
        rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 5);
        return response;
    }

    [[nodiscard]] bool is_over() const { return rest_.empty(); }

private:
    static int status(std::string_view line) {
        int status = 0;
        for (const char c : line.substr(0, 3)) {
            if (c >= '0' && c <= '9') status = status * 10 + (c - '0');
        }
        return status == 0 ? 200 : status;
    }

    std::string_view rest_;
};

/// A clock that stands still.
class StillClock final : public base::Clock {
public:
    [[nodiscard]] base::TimePoint now() const override {
        return base::TimePoint(std::chrono::seconds(1'795'262'400));
    }
};

}  // namespace hatchery::fuzz
