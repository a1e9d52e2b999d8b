#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "support/processes/child_process.hpp"

namespace hatchery::testing {

inline constexpr const char* test_client_id = "hatchery-test";
inline constexpr const char* test_client_secret = "a secret/of the+client";
inline constexpr const char* public_url = "https://hatchery.example";

/// tests/support/open_id/provider.mjs as a process.
class OpenIdProvider {
public:
    OpenIdProvider();
    [[nodiscard]] const std::string& issuer() const { return issuer_; }
    /// See provider.mjs.
    void control(const base::Json& change);
    [[nodiscard]] long long key_requests();

private:
    std::unique_ptr<support::ChildProcess> process_;
    std::string issuer_;
};

/// A browser as far as sign-in needs one: it keeps cookies by site and follows redirects, to the
/// provider and, under its public URL, to the API.
class CookieJar {
public:
    explicit CookieJar(std::uint16_t api_port) : api_port_(api_port) {}

    struct Page {
        int status = 0;
        std::string url;
        std::string body;
        std::string location;
        std::vector<std::string> set_cookies;
    };
    /// One request, no redirect.
    Page get(const std::string& url);
    /// Redirects until there is none, or until `stop_at` begins the next URL; then `location` says
    /// where it would have gone.
    Page follow(const std::string& url, const std::string& stop_at = "nowhere");

    /// Cookies of the API's site, by name.
    std::map<std::string, std::string> ours;

private:
    std::map<std::string, std::string> theirs_;
    std::uint16_t api_port_;
};

}  // namespace hatchery::testing
