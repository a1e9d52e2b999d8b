#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "api/front/request_head.hpp"

namespace hatchery::api {

/// Our two cookies: how they are called, sent and read. Behind https they carry the prefix
/// `__Host-`, so that no other host of the domain can plant them; the plain http of a loopback
/// address cannot have that.
class Cookies {
public:
    explicit Cookies(std::string_view public_url);

    [[nodiscard]] const std::string& session() const { return session_; }
    /// Binds a sign-in to the browser it began in.
    [[nodiscard]] const std::string& sign_in() const { return sign_in_; }

    /// The cookie's value, if the request has exactly one of this name and it is one of our random
    /// values.
    [[nodiscard]] std::optional<std::string> find(const front::Fields& fields,
                                                  const std::string& name) const;
    /// The value of a Set-Cookie header.
    [[nodiscard]] std::string set(const std::string& name, const std::string& value,
                                  std::chrono::seconds max_age) const;
    [[nodiscard]] std::string clear(const std::string& name) const;

private:
    bool secure_;
    std::string session_;
    std::string sign_in_;
};

/// What a page must send as X-CSRF-Token with the writes of this session: made of the session's own
/// secret, so nothing is stored and no other session's fits.
[[nodiscard]] std::string csrf_token(const std::string& session_secret);

}  // namespace hatchery::api
